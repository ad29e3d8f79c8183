package io.akkord.model.chat.jinja;

import java.util.Map;

/** {@code namespace(…)}: the one object whose attributes a template can set. */
record Namespace(Map<String, Object> attributes) {}
