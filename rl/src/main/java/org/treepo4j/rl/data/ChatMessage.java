package org.treepo4j.rl.data;

/**
 * One message of a conversation.
 *
 * @param role who speaks: {@code system}, {@code user} or {@code assistant}
 * @param content what is said
 */
public record ChatMessage(String role, String content) {

  public ChatMessage {
    if (role == null || role.isBlank()) {
      throw new IllegalArgumentException("role must name who speaks, was empty");
    }
    if (content == null) {
      throw new IllegalArgumentException("content must be text, was nothing");
    }
  }
}
