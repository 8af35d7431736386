package org.treepo4j.serve.http;

import java.time.Duration;

/**
 * What a client may take of the server. Whoever goes beyond a time or a bound is disconnected.
 *
 * @param connections open at once; more are closed as they come
 * @param bodyBytes of a request
 * @param headerTime from the opening of a connection, or the end of the response before, until the
 *     headers of a request are complete
 * @param bodyTime from the headers until the body is complete
 * @param writeTime until the client has taken what was sent
 * @param unsentBytes of a response that the client has not taken
 */
public record HttpLimits(
    int connections,
    int bodyBytes,
    Duration headerTime,
    Duration bodyTime,
    Duration writeTime,
    int unsentBytes) {

  /** 512 connections, 2 MiB bodies, 30 seconds for each part, 1 MiB unsent. */
  public static HttpLimits defaults() {
    Duration time = Duration.ofSeconds(30);
    return new HttpLimits(512, 2 << 20, time, time, time, 1 << 20);
  }

  public HttpLimits {
    positive("connections", connections);
    positive("bodyBytes", bodyBytes);
    positive("unsentBytes", unsentBytes);
    positive("headerTime", headerTime.toMillis());
    positive("bodyTime", bodyTime.toMillis());
    positive("writeTime", writeTime.toMillis());
  }

  /** The same with other times for headers and bodies. */
  public HttpLimits withRequestTimes(Duration header, Duration body) {
    return new HttpLimits(connections, bodyBytes, header, body, writeTime, unsentBytes);
  }

  /** The same with another number of connections. */
  public HttpLimits withConnections(int most) {
    return new HttpLimits(most, bodyBytes, headerTime, bodyTime, writeTime, unsentBytes);
  }

  private static void positive(String name, long value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, was " + value);
    }
  }
}
