package io.akkord.model.chat.jinja;

/** What stands for a name or an attribute that is not there: empty, false, and an error in use. */
record Undefined(String name) {
  JinjaException used() {
    return new JinjaException("'" + name + "' is undefined");
  }
}
