package org.treepo4j.serve;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.treepo4j.serve.http.HttpLimits;
import org.treepo4j.serve.http.TlsFiles;
import org.treepo4j.serve.openai.ApiKeys;

/**
 * How a {@link Server} listens and what it takes.
 *
 * @param address port 0 for any that is free
 * @param tls empty for plain HTTP
 * @param keys that requests must carry
 * @param http bounds of connections and requests
 * @param answerTime the longest an answer may take
 * @param drainTime the longest that running answers may take when the server ends
 */
public record ServeSettings(
    InetSocketAddress address,
    Optional<TlsFiles> tls,
    ApiKeys keys,
    HttpLimits http,
    Duration answerTime,
    Duration drainTime) {

  /** Plain HTTP on this address without keys, ten minutes an answer, 30 seconds to end. */
  public static ServeSettings on(InetSocketAddress address) {
    return new ServeSettings(
        address,
        Optional.empty(),
        ApiKeys.none(),
        HttpLimits.defaults(),
        Duration.ofMinutes(10),
        Duration.ofSeconds(30));
  }

  /** The same with TLS. */
  public ServeSettings withTls(TlsFiles files) {
    return new ServeSettings(address, Optional.of(files), keys, http, answerTime, drainTime);
  }

  /** The same with keys. */
  public ServeSettings withKeys(ApiKeys others) {
    return new ServeSettings(address, tls, others, http, answerTime, drainTime);
  }

  /** The same with other bounds. */
  public ServeSettings withHttp(HttpLimits limits) {
    return new ServeSettings(address, tls, keys, limits, answerTime, drainTime);
  }

  /** The same with another time for an answer and for the end. */
  public ServeSettings withTimes(Duration answer, Duration drain) {
    return new ServeSettings(address, tls, keys, http, answer, drain);
  }
}
