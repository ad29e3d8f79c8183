package io.akkord.model.data;

import io.akkord.model.UserError;
import io.akkord.model.chat.ChatTemplate;
import io.akkord.model.chat.jinja.JinjaException;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A conversation as text in two parts.
 *
 * @param prompt ends where the answer begins
 * @param completion the answer with whatever the template puts behind it
 */
record ConversationText(String prompt, String completion) {

  /** Renders conversations of one file; the template is read when the first one comes. */
  static final class Renderer {
    private final Path modelFolder;
    private ChatTemplate template;

    Renderer(Path modelFolder) {
      this.modelFolder = modelFolder;
    }

    /**
     * Both parts.
     *
     * @param error makes the error of a problem in this row
     */
    ConversationText of(Conversation conversation, Function<String, UserError> error) {
      if (template == null) {
        template = read(error);
      }
      String prompt;
      String whole;
      try {
        prompt = template.render(conversation.prompt(), conversation.tools(), true);
        whole = template.render(conversation.messages(), conversation.tools(), false);
      } catch (JinjaException e) {
        throw error.apply(
            "the chat template of %s does not take these messages: %s"
                .formatted(template.source(), e.getMessage()));
      }
      if (!whole.startsWith(prompt)) {
        throw error.apply(
            "the chat template of %s writes the prompt otherwise when the answer follows, so that it is not clear where the answer begins; give prompt and completion as text"
                .formatted(template.source()));
      }
      if (whole.length() == prompt.length()) {
        throw error.apply(
            "the chat template of %s leaves nothing of the answer".formatted(template.source()));
      }
      return new ConversationText(prompt, whole.substring(prompt.length()));
    }

    private ChatTemplate read(Function<String, UserError> error) {
      try {
        return ChatTemplate.read(modelFolder);
      } catch (UserError e) {
        throw error.apply(e.getMessage());
      }
    }
  }
}
