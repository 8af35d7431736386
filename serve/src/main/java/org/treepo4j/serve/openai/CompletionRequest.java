package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.SamplingRequest;

/** Reads {@code POST /v1/completions}. */
final class CompletionRequest {
  private static final int DEFAULT_TOKENS = 16;
  private static final int MAX_LOGPROBS = 20;
  private static final int MAX_PROMPTS = 128;
  private static final Set<String> NAMES = new HashSet<>(SamplingFields.NAMES);

  static {
    NAMES.addAll(Set.of("prompt", "echo", "best_of", "suffix"));
  }

  private CompletionRequest() {}

  static Generation read(RequestFields fields, ServedModel model) throws ApiException {
    fields.allow(NAMES);
    if (fields.flag("echo")) {
      throw ApiException.unsupported("echo", "is not offered");
    }
    if (fields.get("suffix").isPresent()) {
      throw ApiException.unsupported("suffix", "is not offered");
    }
    OptionalInt bestOf = fields.integer("best_of", 1, Integer.MAX_VALUE);
    if (bestOf.isPresent() && bestOf.getAsInt() != fields.integer("n", 1, 1 << 20).orElse(1)) {
      throw ApiException.unsupported("best_of", "must be the same as n");
    }
    int most = fields.integer("max_tokens", 1, Integer.MAX_VALUE).orElse(DEFAULT_TOKENS);
    int logprobs = fields.integer("logprobs", 0, MAX_LOGPROBS).orElse(SamplingRequest.NO_LOGPROBS);
    SamplingFields sampling = SamplingFields.read(fields, model, OptionalInt.of(most), logprobs);
    List<SamplingRequest> requests = new ArrayList<>();
    for (int[] prompt : prompts(fields, model)) {
      requests.add(sampling.request("prompt", prompt, model));
    }
    sampling.requireRoom(requests);
    return new Generation(model, requests, sampling, AnswerShape.COMPLETION, false);
  }

  /** A text, texts, token ids, or lists of token ids. */
  private static List<int[]> prompts(RequestFields fields, ServedModel model) throws ApiException {
    JsonNode prompt =
        fields.get("prompt").orElseThrow(() -> fields.wrong("prompt", "must be given"));
    if (prompt.isTextual()) {
      return List.of(encode(fields, prompt.textValue(), model));
    }
    if (!prompt.isArray() || prompt.isEmpty()) {
      throw fields.wrong("prompt", "must be a text, or an array of texts or token ids");
    }
    if (prompt.get(0).isNumber()) {
      return List.of(tokens(fields, prompt, model));
    }
    if (prompt.size() > MAX_PROMPTS) {
      throw fields.wrong("prompt", "must hold at most " + MAX_PROMPTS + " prompts");
    }
    List<int[]> prompts = new ArrayList<>();
    for (JsonNode each : prompt) {
      prompts.add(
          each.isTextual() ? encode(fields, each.textValue(), model) : tokens(fields, each, model));
    }
    return prompts;
  }

  private static int[] encode(RequestFields fields, String text, ServedModel model)
      throws ApiException {
    fields.requireTokens("prompt", model.tokenizer().dropped(text));
    int[] ids = model.tokenizer().encode(text, true);
    int bos = model.config().bosTokenId();
    if (ids.length == 0 && bos < 0) {
      throw fields.wrong("prompt", "must not be empty, for the model has no BOS token");
    }
    return ids.length == 0 ? new int[] {bos} : ids;
  }

  private static int[] tokens(RequestFields fields, JsonNode array, ServedModel model)
      throws ApiException {
    int vocabSize = model.config().vocabSize();
    if (!array.isArray() || array.isEmpty()) {
      throw fields.wrong("prompt", "must be a text, or an array of texts or token ids");
    }
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      JsonNode id = array.get(i);
      if (!id.isIntegralNumber()
          || !id.canConvertToInt()
          || id.intValue() < 0
          || id.intValue() >= vocabSize) {
        throw fields.wrong("prompt", "must have token ids from 0 to " + (vocabSize - 1));
      }
      ids[i] = id.intValue();
    }
    return ids;
  }
}
