package org.treepo4j.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class NettyExchangeTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final AtomicInteger told = new AtomicInteger();
  private final NettyExchange exchange = exchange("/a?b=c");

  private NettyExchange exchange(String uri) {
    return new NettyExchange(
        channel,
        new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, uri),
        1000,
        () -> false,
        () -> {});
  }

  @Test
  void aHangUpIsToldWhoeverComesFirst() {
    exchange.onHangUp(told::incrementAndGet);
    exchange.hungUp();
    assertThat(told).hasValue(1);
    exchange.onHangUp(told::incrementAndGet);
    assertThat(told).hasValue(2);
  }

  @Test
  void theEndOfAConnectionAfterTheResponseIsNoHangUp() {
    exchange.onHangUp(told::incrementAndGet);
    exchange.respond(200, "text/plain", new byte[0], Map.of());
    exchange.hungUp();
    exchange.onHangUp(told::incrementAndGet);
    assertThat(told).hasValue(0);
  }

  @Test
  void whatIsSentAfterAHangUpIsDropped() {
    exchange.hungUp();
    exchange.startEvents();
    exchange.sendEvent(new byte[3]);
    exchange.endEvents();
    exchange.respond(200, "text/plain", new byte[0], Map.of());
    assertThat(channel.outboundMessages()).isEmpty();
  }

  @Test
  void thePathHasNoQuery() {
    assertThat(exchange.path()).isEqualTo("/a");
  }

  @Test
  void thePathIsText() {
    assertThat(exchange("/my%20model%20%C3%A4+b").path()).isEqualTo("/my model ä+b");
    assertThat(exchange("/a%2").path()).isEqualTo("/a%2");
  }
}
