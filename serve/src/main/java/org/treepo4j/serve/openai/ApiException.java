package org.treepo4j.serve.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** A request that is answered with an error, in the form of OpenAI's errors. */
final class ApiException extends Exception {
  private static final long serialVersionUID = 1;

  private final int status;
  private final String type;
  private final String code;
  private final String param;

  private ApiException(int status, String type, String code, String param, String message) {
    super(message);
    this.status = status;
    this.type = type;
    this.code = code;
    this.param = param;
  }

  /** A field that cannot be used. */
  static ApiException field(String param, String message) {
    return new ApiException(400, "invalid_request_error", null, param, param + " " + message);
  }

  /** A field that the server knows but does not offer. */
  static ApiException unsupported(String param, String message) {
    return new ApiException(
        400, "invalid_request_error", "unsupported_parameter", param, param + " " + message);
  }

  /** A prompt beyond what the model holds. */
  static ApiException tooLong(String param, int tokens, int most) {
    String message =
        "%s has %d tokens, the model holds %d with the answer".formatted(param, tokens, most);
    return new ApiException(
        400, "invalid_request_error", "context_length_exceeded", param, message);
  }

  static ApiException badRequest(String message) {
    return new ApiException(400, "invalid_request_error", null, null, message);
  }

  static ApiException unknownModel(String model) {
    return new ApiException(
        404, "invalid_request_error", "model_not_found", "model", "there is no model " + model);
  }

  static ApiException unauthorized(String message) {
    return new ApiException(401, "authentication_error", "invalid_api_key", null, message);
  }

  static ApiException full(String message) {
    return new ApiException(429, "rate_limit_error", "rate_limit_exceeded", null, message);
  }

  static ApiException timeout(String message) {
    return new ApiException(504, "server_error", "timeout", null, message);
  }

  /** A request that HTTP's own rules refuse. */
  static ApiException http(int status, String message) {
    return new ApiException(
        status, status >= 500 ? "server_error" : "invalid_request_error", null, null, message);
  }

  int status() {
    return status;
  }

  /** {@code {"error":{"message":…,"type":…,"param":…,"code":…}}}. */
  ObjectNode json() {
    ObjectNode body = Json.object();
    body.putObject("error")
        .put("message", getMessage())
        .put("type", type)
        .put("param", param)
        .put("code", code);
    return body;
  }
}
