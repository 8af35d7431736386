package org.treepo4j.serve.http;

import java.util.Map;
import java.util.Optional;

/**
 * A request and its response: either {@link #respond} once, or {@link #startEvents}, {@link
 * #sendEvent} and {@link #endEvents}. Responses may come from any thread and never block; what is
 * sent after the client hung up is dropped.
 */
public interface Exchange {

  String method();

  /** Without the query. */
  String path();

  /** The first value of a header. */
  Optional<String> header(String name);

  byte[] body();

  /** Whether the client is on this machine. */
  boolean isFromThisMachine();

  /** Runs work in the order it is given, one piece at a time, on the connection's own thread. */
  void execute(Runnable work);

  /** Runs when the client hangs up before the response is complete; at once if it has. */
  void onHangUp(Runnable action);

  /** Sends the whole response. */
  void respond(int status, String contentType, byte[] body, Map<String, String> headers);

  /** Begins a response of server-sent events. */
  void startEvents();

  /** Sends one event; the data is one line. */
  void sendEvent(byte[] data);

  /** Ends a response of server-sent events. */
  void endEvents();

  /** Answers requests; on a connection's thread, so it must not block. */
  @FunctionalInterface
  interface Handler {
    void handle(Exchange exchange);
  }

  /** The body of a request that HTTP itself refuses. */
  @FunctionalInterface
  interface Refusal {
    byte[] json(int status, String message);
  }
}
