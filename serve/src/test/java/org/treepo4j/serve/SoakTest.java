package org.treepo4j.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.treepo4j.serve.http.HttpLimits;
import org.treepo4j.testsupport.OpenHandles;

/**
 * Two hundred clients of every kind at once; afterwards the server holds nothing of them. With
 * {@code -Dtreepo.soak.seconds=3600} they come again for an hour.
 */
class SoakTest {
  private static final String SECONDS = "treepo.soak.seconds";
  private static final int CLIENTS = 200;
  private static final int REQUESTS = 4;
  private static final String BODY =
      "{\"model\":\"fake\",\"prompt\":\"%s\",\"max_tokens\":%d,\"seed\":%d,\"n\":%d,\"stream\":%s}";

  private TestServer server;

  @Test
  void nothingLeaks() throws Exception {
    long handles = OpenHandles.all();
    server =
        TestServer.of(
            FakeLm::random,
            TestServer.limits(64, 2 * CLIENTS),
            settings ->
                settings.withHttp(
                    HttpLimits.defaults()
                        .withRequestTimes(Duration.ofSeconds(3), Duration.ofSeconds(3))));
    String reference = answer(7, false);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong(SECONDS, 0));
    do {
      round(reference);
    } while (System.nanoTime() < end);
    while (server.server().connections() > 0 || server.statistics().running() > 0) {
      Thread.sleep(5);
    }
    answer(7, false); // one more step, so that the statistics are of an idle server
    assertThat(server.statistics().decoder().livePaths())
        .isEqualTo(server.statistics().keptPrompts());
    assertThat(server.statistics().waiting()).isZero();
    assertThat(server.get("/metrics").body())
        .contains("treepo_time_to_first_token_seconds_count")
        .contains("treepo_running_paths{model=\"fake\"} 0");
    server.close();
    assertThat(ourThreads()).isEmpty();
    assertThat(OpenHandles.all()).isLessThan(handles + 20); // the test's own HTTP client
  }

  private void round(String reference) throws Exception {
    List<Future<String>> clients = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
      int client = i;
      Callable<String> work =
          switch (i % 5) {
            case 0 -> () -> junk(new Random(client));
            case 1 -> () -> hangUp(new Random(client));
            case 2 -> () -> readSlowly();
            case 3 -> () -> answer(client, true);
            default -> () -> answer(7, false);
          };
      clients.add(threads.submit(work));
    }
    threads.shutdown();
    for (int i = 0; i < CLIENTS; i++) {
      String seen = clients.get(i).get(50, TimeUnit.SECONDS);
      if (i % 5 == 4) {
        assertThat(seen).isEqualTo(reference);
      } else {
        assertThat(seen).isEqualTo("done");
      }
    }
  }

  /** The text of a completion, the same for a seed whatever else runs. */
  private String answer(int seed, boolean stream) throws Exception {
    String text = "";
    for (int i = 0; i < REQUESTS; i++) {
      String body = BODY.formatted("ask", 30, seed, 2, stream);
      String response = exchange(request("/v1/completions", body));
      assertThat(response).startsWith("HTTP/1.1 200").contains(stream ? "[DONE]" : "\"choices\"");
      text = response.replaceAll("(?s).*\"choices\":", "").replaceAll("\"usage\".*", "");
    }
    return stream ? "done" : text;
  }

  private String junk(Random random) throws Exception {
    for (int i = 0; i < REQUESTS; i++) {
      byte[] bytes = new byte[random.nextInt(300)];
      random.nextBytes(bytes);
      String junk = new String(bytes, StandardCharsets.ISO_8859_1);
      if (random.nextBoolean()) {
        assertThat(exchange(request("/v1/chat/completions", junk))).startsWith("HTTP/1.1 400");
      } else {
        exchange("POST " + junk + "\r\n\r\n\r\n");
      }
    }
    return "done";
  }

  private String hangUp(Random random) throws Exception {
    for (int i = 0; i < REQUESTS; i++) {
      try (Socket socket = connect()) {
        String body = BODY.formatted("go on", 400, i, 1 + random.nextInt(3), random.nextBoolean());
        String request = request("/v1/completions", body);
        int sent = random.nextBoolean() ? request.length() : random.nextInt(request.length());
        write(socket, request.substring(0, sent));
        Thread.sleep(random.nextInt(50));
        if (random.nextBoolean()) {
          socket.setSoLinger(true, 0); // a reset instead of an orderly end
        }
      }
    }
    return "done";
  }

  private String readSlowly() throws Exception {
    try (Socket socket = new Socket()) {
      socket.setReceiveBufferSize(2048);
      socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
      write(socket, request("/v1/completions", BODY.formatted("slow", 60, 1, 1, true)));
      InputStream in = socket.getInputStream();
      StringBuilder seen = new StringBuilder();
      byte[] buffer = new byte[512];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        seen.append(new String(buffer, 0, read, StandardCharsets.US_ASCII));
        Thread.sleep(10);
      }
      assertThat(seen).contains("[DONE]");
    }
    return "done";
  }

  private String exchange(String request) throws IOException {
    try (Socket socket = connect()) {
      write(socket, request);
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (java.net.SocketException e) {
      return "reset"; // junk that was answered before it was read
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket("127.0.0.1", server.port());
    socket.setSoTimeout(50_000);
    return socket;
  }

  private static String request(String path, String body) {
    return ("POST %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: %d\r\n\r\n%s")
        .formatted(path, body.length(), body);
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static List<String> ourThreads() throws InterruptedException {
    List<String> names = List.of();
    for (int i = 0; i < 500; i++) {
      names =
          Thread.getAllStackTraces().keySet().stream()
              .map(Thread::getName)
              .filter(name -> name.matches("(http|request|reload|sampling|answer-timer).*"))
              .collect(Collectors.toList());
      if (names.isEmpty()) {
        break;
      }
      Thread.sleep(10);
    }
    return names;
  }
}
