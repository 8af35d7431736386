package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SplittableRandom;
import org.treepo4j.rollout.SamplingSettings;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.sampling.SamplingRequest;

/**
 * What a request says of sampling, chat or not.
 *
 * @param n answers to each prompt
 * @param maxTokens of each answer; empty for all the model holds
 * @param topLogprobs as {@link SamplingRequest#topLogprobs}
 * @param includeUsage whether a stream ends with the tokens used
 */
record SamplingFields(
    int n,
    OptionalInt maxTokens,
    SamplingSettings sampling,
    Map<Integer, Double> logitBias,
    long seed,
    int topLogprobs,
    boolean stream,
    boolean includeUsage) {

  /** Fields that every request may have; some say nothing to this server. */
  static final Set<String> NAMES =
      Set.of(
          "model",
          "n",
          "max_tokens",
          "temperature",
          "top_p",
          "top_k",
          "min_p",
          "stop",
          "seed",
          "logit_bias",
          "logprobs",
          "stream",
          "stream_options",
          "presence_penalty",
          "frequency_penalty",
          "user",
          "metadata",
          "store",
          "service_tier",
          "safety_identifier",
          "prompt_cache_key");

  /** Log-probabilities that an answer gathers before it is sent: about 100 MB. */
  private static final int MAX_LOGPROBS = 1 << 20;

  private static final int MAX_STOPS = 16;
  private static final int MAX_BIASES = 1024;

  /**
   * @param topLogprobs read already, for chat and completions say it differently
   */
  static SamplingFields read(
      RequestFields fields, ServedModel model, OptionalInt maxTokens, int topLogprobs)
      throws ApiException {
    fields.number("presence_penalty", 0, 0, 0);
    fields.number("frequency_penalty", 0, 0, 0);
    boolean stream = fields.flag("stream");
    Optional<RequestFields> options = fields.object("stream_options");
    boolean includeUsage = false;
    if (options.isPresent()) {
      if (!stream) {
        throw fields.wrong("stream_options", "must not be given without stream");
      }
      options.get().allow(Set.of("include_usage", "include_obfuscation"));
      includeUsage = options.get().flag("include_usage");
    }
    Optional<Long> seed = fields.longInteger("seed");
    return new SamplingFields(
        fields.integer("n", 1, model.engine().limits().maxPaths()).orElse(1),
        maxTokens,
        settings(fields),
        biases(fields, model),
        seed.isPresent() ? seed.get() : new SplittableRandom().nextLong(),
        topLogprobs,
        stream,
        includeUsage);
  }

  /**
   * A prompt to sample answers to; an answer ends where the model's positions end at the latest.
   */
  SamplingRequest request(String param, int[] prompt, ServedModel model) throws ApiException {
    int most = model.config().maxPositions();
    if (prompt.length >= most) {
      throw ApiException.tooLong(param, prompt.length, most);
    }
    int tokens = Math.min(maxTokens.orElse(most), most - prompt.length);
    return new SamplingRequest(prompt, n, tokens, sampling, logitBias, seed, topLogprobs);
  }

  /** Refuses an answer whose log-probabilities would fill the memory before it is sent. */
  void requireRoom(List<SamplingRequest> requests) throws ApiException {
    long numbers = 0;
    for (SamplingRequest request : requests) {
      numbers += (long) n * request.maxTokens() * (topLogprobs + 1);
    }
    if (!stream && numbers > MAX_LOGPROBS) {
      throw ApiException.field(
          "logprobs",
          "must be streamed or fewer: the answer may have %d of them, at most %d are gathered"
              .formatted(numbers, MAX_LOGPROBS));
    }
  }

  private static SamplingSettings settings(RequestFields fields) throws ApiException {
    double temperature = fields.number("temperature", 0, 2, 1);
    if (temperature > 0 && temperature < 1e-6) {
      throw fields.wrong("temperature", "must be 0 or at least 0.000001");
    }
    double topP = fields.number("top_p", 0, 1, 1);
    if (topP == 0) {
      throw fields.wrong("top_p", "must be above 0");
    }
    int topK = Math.max(0, fields.integer("top_k", -1, Integer.MAX_VALUE).orElse(0));
    double minP = fields.number("min_p", 0, 1, 0);
    return new SamplingSettings(temperature, topK, topP, minP, List.of(), stops(fields));
  }

  private static List<String> stops(RequestFields fields) throws ApiException {
    Optional<JsonNode> value = fields.get("stop");
    if (value.isEmpty()) {
      return List.of();
    }
    List<String> stops = new ArrayList<>();
    for (JsonNode each : value.get().isTextual() ? List.of(value.get()) : fields.array("stop")) {
      if (!each.isTextual() || each.textValue().isEmpty()) {
        throw fields.wrong("stop", "must be texts that are not empty");
      }
      stops.add(each.textValue());
    }
    if (stops.size() > MAX_STOPS) {
      throw fields.wrong("stop", "must hold at most " + MAX_STOPS + " texts");
    }
    return stops;
  }

  private static Map<Integer, Double> biases(RequestFields fields, ServedModel model)
      throws ApiException {
    Optional<RequestFields> object = fields.object("logit_bias");
    Map<Integer, Double> biases = new LinkedHashMap<>();
    if (object.isEmpty()) {
      return biases;
    }
    for (Map.Entry<String, JsonNode> each : object.get().entries()) {
      int token;
      try {
        token = Integer.parseInt(each.getKey());
      } catch (NumberFormatException e) {
        token = -1;
      }
      if (token < 0 || token >= model.config().vocabSize()) {
        throw fields.wrong(
            "logit_bias",
            "must have token ids from 0 to " + (model.config().vocabSize() - 1) + " as names");
      }
      biases.put(token, object.get().number(each.getKey(), each.getValue(), -100, 100));
    }
    if (biases.size() > MAX_BIASES) {
      throw fields.wrong("logit_bias", "must hold at most " + MAX_BIASES + " tokens");
    }
    return biases;
  }
}
