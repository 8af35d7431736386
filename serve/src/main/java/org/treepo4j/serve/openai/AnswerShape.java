package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.treepo4j.serve.openai.ToolCallParser.ToolCall;
import org.treepo4j.serve.sampling.SamplingListener.TokenLogprobs;
import org.treepo4j.serve.sampling.SamplingListener.TokenLogprobs.Candidate;
import org.treepo4j.tokenizer.Tokenizer;

/** What the choices of an answer look like. */
enum AnswerShape {
  CHAT("chatcmpl-", "chat.completion", "chat.completion.chunk"),
  COMPLETION("cmpl-", "text_completion", "text_completion");

  /** OpenAI's word for a probability of about nothing, for JSON has no infinity. */
  private static final double LEAST_LOGPROB = -9999;

  private final String idPrefix;
  private final String object;
  private final String chunkObject;

  AnswerShape(String idPrefix, String object, String chunkObject) {
    this.idPrefix = idPrefix;
    this.object = object;
    this.chunkObject = chunkObject;
  }

  String idPrefix() {
    return idPrefix;
  }

  String object(boolean stream) {
    return stream ? chunkObject : object;
  }

  /**
   * A piece of a choice.
   *
   * @param logprobs null unless asked for
   */
  record Piece(String text, List<TokenLogprobs> logprobs, List<ToolCall> calls) {}

  /** A choice as a whole. */
  ObjectNode whole(int index, Piece piece, String finish, Tokenizer tokenizer) {
    ObjectNode choice = Json.object().put("index", index);
    if (this == CHAT) {
      ObjectNode message = choice.putObject("message").put("role", "assistant");
      boolean onlyCalls = piece.text().isEmpty() && !piece.calls().isEmpty();
      message.put("content", onlyCalls ? null : piece.text()).putNull("refusal");
      addCalls(message, piece.calls(), false);
    } else {
      choice.put("text", piece.text());
    }
    return ended(choice, piece, 0, finish, tokenizer);
  }

  /**
   * A piece of a streamed choice.
   *
   * @param first whether it is the choice's first
   * @param offset characters of the choice before it
   * @param finish null unless it is the last
   */
  ObjectNode chunk(
      int index, boolean first, int offset, Piece piece, String finish, Tokenizer tokenizer) {
    ObjectNode choice = Json.object().put("index", index);
    if (this == CHAT) {
      ObjectNode delta = choice.putObject("delta");
      if (first) {
        delta.put("role", "assistant");
      }
      if (first || !piece.text().isEmpty() || piece.logprobs() != null) {
        delta.put("content", piece.text());
      }
      addCalls(delta, piece.calls(), true);
    } else {
      choice.put("text", piece.text());
    }
    return ended(choice, piece, offset, finish, tokenizer);
  }

  private ObjectNode ended(
      ObjectNode choice, Piece piece, int offset, String finish, Tokenizer tokenizer) {
    if (piece.logprobs() == null) {
      choice.putNull("logprobs");
    } else if (this == CHAT) {
      choice.set("logprobs", chatLogprobs(piece.logprobs(), tokenizer));
    } else {
      choice.set("logprobs", completionLogprobs(piece.logprobs(), offset, tokenizer));
    }
    return choice.put("finish_reason", finish);
  }

  private static void addCalls(ObjectNode to, List<ToolCall> calls, boolean numbered) {
    if (calls.isEmpty()) {
      return;
    }
    ArrayNode all = to.putArray("tool_calls");
    for (ToolCall call : calls) {
      ObjectNode each = all.addObject();
      if (numbered) {
        each.put("index", call.index());
      }
      each.put("id", call.id()).put("type", "function");
      each.putObject("function").put("name", call.name()).put("arguments", call.arguments());
    }
  }

  private static ObjectNode chatLogprobs(List<TokenLogprobs> tokens, Tokenizer tokenizer) {
    ObjectNode logprobs = Json.object();
    ArrayNode content = logprobs.putArray("content");
    for (TokenLogprobs token : tokens) {
      ObjectNode each = content.addObject();
      putToken(each, token.sampled(), tokenizer);
      ArrayNode top = each.putArray("top_logprobs");
      token.likeliest().forEach(other -> putToken(top.addObject(), other, tokenizer));
    }
    logprobs.putNull("refusal");
    return logprobs;
  }

  private static void putToken(ObjectNode to, Candidate candidate, Tokenizer tokenizer) {
    String text = text(candidate, tokenizer);
    to.put("token", text).put("logprob", logprob(candidate));
    if (text.indexOf('\uFFFD') >= 0) {
      to.putNull("bytes"); // part of a character
    } else {
      ArrayNode bytes = to.putArray("bytes");
      for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
        bytes.add(b & 0xFF);
      }
    }
  }

  private static ObjectNode completionLogprobs(
      List<TokenLogprobs> all, int offset, Tokenizer tokenizer) {
    ObjectNode logprobs = Json.object();
    ArrayNode offsets = logprobs.putArray("text_offset");
    ArrayNode values = logprobs.putArray("token_logprobs");
    ArrayNode tokens = logprobs.putArray("tokens");
    ArrayNode top = logprobs.putArray("top_logprobs");
    int at = offset;
    for (TokenLogprobs token : all) {
      String text = text(token.sampled(), tokenizer);
      offsets.add(at);
      at += text.length();
      values.add(logprob(token.sampled()));
      tokens.add(text);
      ObjectNode others = top.addObject();
      for (Candidate other : token.likeliest()) {
        others.put(text(other, tokenizer), logprob(other));
      }
    }
    return logprobs;
  }

  private static String text(Candidate candidate, Tokenizer tokenizer) {
    return tokenizer.decode(new int[] {candidate.token()}, true);
  }

  private static double logprob(Candidate candidate) {
    return Math.max(LEAST_LOGPROB, candidate.logprob());
  }
}
