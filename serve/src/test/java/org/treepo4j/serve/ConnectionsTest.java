package org.treepo4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.treepo4j.serve.http.HttpLimits;
import org.treepo4j.serve.sampling.SamplingLimits;

/** What clients do to connections, and what the server does about it. */
@Timeout(60)
class ConnectionsTest {
  private static final String ENDLESS =
      "{\"model\":\"fake\",\"prompt\":\"a\",\"max_tokens\":500,\"logit_bias\":{\"0\":-100},"
          + "\"stream\":%s}";

  private TestServer server;

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void hangingUpFreesThePathsStreamedOrNot() throws Exception {
    open(FakeLm.random().beforeBatch(() -> sleep(5)), HttpLimits.defaults());
    for (String stream : new String[] {"true", "false"}) {
      try (Socket socket = connect()) {
        send(socket, post("/v1/completions", ENDLESS.formatted(stream)));
        await(() -> server.statistics().paths() == 1);
        if (stream.equals("true")) {
          assertThat(socket.getInputStream().read()).isEqualTo('H');
        }
      }
      await(() -> server.statistics().running() == 0);
      await(() -> server.server().connections() == 0);
    }
    assertThat(server.statistics().sampledTokens()).isLessThan(900);
    assertThat(server.get("/metrics").body())
        .contains("treepo_requests_total{path=\"/v1/completions\",status=\"499\"} 1");
  }

  @Test
  void headersAndBodiesThatDripAreCutOff() throws Exception {
    Duration header = Duration.ofMillis(300);
    open(FakeLm.saying("ok"), HttpLimits.defaults().withRequestTimes(header, header));
    for (String beginning :
        new String[] {
          "GET /health HTTP/1.1\r\nX: ",
          "POST /v1/completions HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
        }) {
      try (Socket socket = connect()) {
        send(socket, beginning);
        boolean cutOff = false;
        for (int i = 0; i < 200 && !cutOff; i++) {
          try {
            send(socket, "a");
          } catch (IOException e) {
            cutOff = true;
          }
          sleep(20);
        }
        assertThat(cutOff).isTrue();
      }
    }
  }

  @Test
  void anIdleConnectionIsClosed() throws Exception {
    Duration header = Duration.ofMillis(200);
    open(FakeLm.saying("ok"), HttpLimits.defaults().withRequestTimes(header, header));
    try (Socket socket = connect()) {
      send(socket, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(text(socket.getInputStream())).startsWith("HTTP/1.1 200").endsWith("}");
    }
  }

  @Test
  void moreConnectionsThanTheBoundAreClosed() throws Exception {
    open(FakeLm.saying("ok"), HttpLimits.defaults().withConnections(2));
    try (Socket first = connect();
        Socket second = connect()) {
      await(() -> server.server().connections() == 2);
      try (Socket third = connect()) {
        assertThat(third.getInputStream().read()).isEqualTo(-1);
      }
      first.close();
      await(() -> server.server().connections() == 1);
      send(second, "GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      assertThat(text(second.getInputStream())).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void aReaderWhoStandsStillIsCutOff() throws Exception {
    HttpLimits limits = HttpLimits.defaults();
    HttpLimits little =
        new HttpLimits(
            8, 1 << 20, limits.headerTime(), limits.bodyTime(), Duration.ofSeconds(20), 20_000);
    open(FakeLm.random(), little);
    Socket socket = new Socket();
    socket.setReceiveBufferSize(1024);
    socket.connect(new java.net.InetSocketAddress("127.0.0.1", server.port()));
    try (socket) {
      String many =
          ENDLESS.formatted("true").replace("\"stream\"", "\"n\":16,\"logprobs\":20,\"stream\"");
      for (int i = 0; i < 3; i++) {
        send(socket, post("/v1/completions", many));
      }
      await(() -> server.statistics().running() == 1);
      await(() -> server.server().connections() == 0);
      await(() -> server.statistics().running() == 0);
    }
  }

  @Test
  void requestsInOnePieceAreAnsweredInTheirOrder() throws Exception {
    open(FakeLm.saying("ok"), HttpLimits.defaults());
    try (Socket socket = connect()) {
      String completion = "{\"model\":\"fake\",\"prompt\":\"a>\"}";
      send(
          socket,
          post("/v1/completions", completion)
              + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
              + "GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      String all = text(socket.getInputStream());
      assertThat(all.indexOf("text_completion"))
          .isPositive()
          .isLessThan(all.indexOf("\"status\":\"ok\""));
      assertThat(all.indexOf("\"status\":\"ok\"")).isLessThan(all.indexOf("\"list\""));
    }
  }

  @Test
  void whatIsNotHttpOrTooLargeIsRefused() throws Exception {
    open(FakeLm.saying("ok"), HttpLimits.defaults());
    assertRefused("\u0016\u0003\u0001 junk\r\n\r\n", "HTTP/1.1 400", "not HTTP");
    assertRefused(
        "GET /health HTTP/1.1\r\nX: " + "a".repeat(20_000) + "\r\n\r\n",
        "HTTP/1.1 400",
        "not HTTP");
    assertRefused(
        "POST /v1/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        "HTTP/1.1 413",
        "larger than");
  }

  private void assertRefused(String request, String status, String message) throws Exception {
    try (Socket socket = connect()) {
      send(socket, request);
      assertThat(text(socket.getInputStream())).startsWith(status).contains(message);
    }
  }

  @Test
  void anAnswerThatTakesTooLongEnds() throws Exception {
    server =
        TestServer.of(
            () -> FakeLm.random().beforeBatch(() -> sleep(20)),
            TestServer.limits(8, 8),
            settings -> settings.withTimes(Duration.ofMillis(300), Duration.ofSeconds(5)));
    HttpResponse<String> whole = server.post("/v1/completions", ENDLESS.formatted("false"));
    assertThat(whole.statusCode()).isEqualTo(504);
    HttpResponse<String> stream = server.post("/v1/completions", ENDLESS.formatted("true"));
    assertThat(TestServer.events(stream)).last().asString().contains("\"code\":\"timeout\"");
    await(() -> server.statistics().running() == 0);
  }

  @Test
  void aFullQueueAsksToComeBack() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    server =
        TestServer.of(
            () -> FakeLm.random().beforeBatch(() -> hold(hold)),
            TestServer.limits(1, 1),
            settings -> settings);
    CompletableFuture<HttpResponse<String>> running = postLater();
    await(() -> server.statistics().running() == 1);
    CompletableFuture<HttpResponse<String>> waiting = postLater();
    HttpResponse<String> refused = null;
    for (int i = 0; i < 200 && refused == null; i++) {
      sleep(10);
      CompletableFuture<HttpResponse<String>> third = postLater();
      try {
        refused = third.get(100, TimeUnit.MILLISECONDS);
      } catch (java.util.concurrent.TimeoutException e) {
        waiting = third; // came first
      }
    }
    hold.countDown();
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(running.get().statusCode()).isEqualTo(200);
    assertThat(waiting.get().statusCode()).isEqualTo(200);
  }

  @RepeatedTest(10)
  void closingFinishesWhatRuns() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    open(FakeLm.saying("x".repeat(100)).beforeBatch(() -> hold(hold)), HttpLimits.defaults());
    String body = "{\"model\":\"fake\",\"prompt\":\"a>\",\"max_tokens\":200,\"stream\":false}";
    CompletableFuture<HttpResponse<String>> running = postLater(body);
    await(() -> server.statistics().running() == 1);
    Thread closing = new Thread(server::close);
    closing.start();
    await(() -> closing.getState().name().endsWith("WAITING")); // for what runs
    hold.countDown();
    HttpResponse<String> response = running.get();
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("x".repeat(100));
    assertThat(response.headers().firstValue("connection")).hasValue("close");
  }

  @Test
  void closingGivesUpWhatTakesTooLong() throws Exception {
    server =
        TestServer.of(
            () -> FakeLm.random().beforeBatch(() -> sleep(20)),
            TestServer.limits(8, 8),
            settings -> settings.withTimes(Duration.ofMinutes(1), Duration.ofMillis(100)));
    CompletableFuture<HttpResponse<String>> running = postLater(ENDLESS.formatted("false"));
    await(() -> server.statistics().running() == 1);
    server.close();
    assertThat(running.get().statusCode()).isEqualTo(500);
    assertThat(running.get().body()).contains("shutting down");
  }

  @Test
  void reloadingAnswersWhatRunsWithTheOldModel() throws Exception {
    java.util.Deque<FakeLm> models =
        new java.util.ArrayDeque<>(
            java.util.List.of(
                FakeLm.saying("old".repeat(20)).beforeBatch(() -> sleep(5)), FakeLm.saying("new")));
    FakeLm old = models.peek();
    server = TestServer.of(models::poll);
    String body = "{\"model\":\"fake\",\"prompt\":\"a>\",\"max_tokens\":200}";
    CompletableFuture<HttpResponse<String>> running = postLater(body);
    await(() -> server.statistics().running() == 1);
    assertThat(server.post("/admin/reload", "{\"model\":\"fake\"}").statusCode()).isEqualTo(200);
    assertThat(server.post("/v1/completions", body).body()).contains("\"text\":\"new\"");
    assertThat(running.get().body()).contains("old".repeat(20));
    await(old::isClosed);
    assertThat(server.post("/admin/reload", "{\"model\":\"x\"}").statusCode()).isEqualTo(404);
  }

  private void open(FakeLm model, HttpLimits limits) throws IOException {
    SamplingLimits sampling = TestServer.limits(64, 64);
    server = TestServer.of(() -> model, sampling, settings -> settings.withHttp(limits));
  }

  private CompletableFuture<HttpResponse<String>> postLater() {
    return postLater("{\"model\":\"fake\",\"prompt\":\"a\",\"max_tokens\":4}");
  }

  private CompletableFuture<HttpResponse<String>> postLater(String body) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return server.post("/v1/completions", body);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        },
        work -> new Thread(work).start());
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket("127.0.0.1", server.port());
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static String post(String path, String body) {
    return "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(path, body.length(), body);
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    socket.getOutputStream().flush();
  }

  private static String text(InputStream in) throws IOException {
    return new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  private static void await(BooleanSupplier condition) {
    long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not within a minute").isLessThan(until);
      sleep(2);
    }
  }

  private static void hold(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
