package org.treepo4j.rl.data;

import java.util.ArrayList;
import java.util.List;
import org.treepo4j.base.settings.Setting;

/** What is put around the question of a task. */
public record PromptTemplate(
    @Setting("text around the prompt, which stands where {prompt} is") String text,
    @Setting("system message before the prompt; unset for none") String system,
    @Setting("whether plain prompts become a user message for the model's chat template")
        boolean chat) {
  private static final String PLACE = "{prompt}";

  public PromptTemplate {
    if (!text.contains(PLACE)) {
      throw new IllegalArgumentException("text must contain " + PLACE + ", was \"" + text + "\"");
    }
  }

  public static PromptTemplate defaults() {
    return new PromptTemplate(PLACE, null, false);
  }

  /** The task with its prompt in the template; of a conversation, the last user message is. */
  public Task apply(Task task) {
    return new Task(task.id(), apply(task.prompt()), task.answer(), task.category(), task.source());
  }

  private Prompt apply(Prompt prompt) {
    if (prompt instanceof Prompt.Text plain) {
      String filled = text.replace(PLACE, plain.text());
      return chat || system != null
          ? conversation(List.of(new ChatMessage("user", filled)))
          : new Prompt.Text(filled);
    }
    List<ChatMessage> messages = new ArrayList<>(((Prompt.Conversation) prompt).messages());
    for (int i = messages.size() - 1; i >= 0; i--) {
      if (messages.get(i).role().equals("user")) {
        messages.set(i, new ChatMessage("user", text.replace(PLACE, messages.get(i).content())));
        break;
      }
    }
    return conversation(messages);
  }

  private Prompt conversation(List<ChatMessage> messages) {
    boolean hasSystem = messages.get(0).role().equals("system");
    if (system == null || hasSystem) {
      return new Prompt.Conversation(messages);
    }
    List<ChatMessage> all = new ArrayList<>(List.of(new ChatMessage("system", system)));
    all.addAll(messages);
    return new Prompt.Conversation(all);
  }
}
