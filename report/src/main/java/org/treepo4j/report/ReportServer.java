package org.treepo4j.report;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;

/**
 * Shows the report of a run that is still going on, to this machine only. The page asks for newer
 * data every few seconds; the server reads the run directory again when a file of it has changed.
 */
public final class ReportServer implements AutoCloseable {
  /** Only these names of this machine are answered, so no other site can read the run. */
  private static final Pattern OWN_NAMES =
      Pattern.compile("(localhost|127\\.0\\.0\\.1|\\[::1])(:\\d+)?", Pattern.CASE_INSENSITIVE);

  /** Requests answered, or waited for, at once; further ones wait in line. */
  private static final int THREADS = 16;

  /** What a client may take of the JDK's server, in seconds and connections; it is set once. */
  private static final Map<String, Integer> LIMITS =
      Map.of(
          "sun.net.httpserver.maxReqTime", 5,
          "sun.net.httpserver.maxRspTime", 60,
          "sun.net.httpserver.idleInterval", 30,
          "sun.net.httpserver.maxIdleConnections", 32,
          "jdk.httpserver.maxConnections", 64);

  static {
    LIMITS.forEach(
        (name, value) -> {
          if (System.getProperty(name) == null) {
            System.setProperty(name, String.valueOf(value));
          }
        });
  }

  private final List<RunDirectory> runs;
  private final HttpServer server;
  private final ExecutorService threads;
  private String fingerprint = "";
  private byte[] data = {};

  private ReportServer(List<RunDirectory> runs, HttpServer server) {
    this.runs = runs;
    this.server = server;
    this.threads =
        Executors.newFixedThreadPool(
            THREADS,
            task -> {
              Thread thread = new Thread(task, "report-server");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Starts to serve.
   *
   * @param runDir the directory of the run, which may still be empty
   * @param otherRun a second run to compare with
   * @param port of the loopback address, or 0 for a free one
   * @throws ReportException if there is no such directory or the port is taken
   */
  public static ReportServer start(Path runDir, Optional<Path> otherRun, int port)
      throws IOException {
    List<RunDirectory> runs = new ArrayList<>();
    runs.add(RunDirectory.openYoung(runDir));
    if (otherRun.isPresent()) {
      runs.add(RunDirectory.openYoung(otherRun.get()));
    }
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    } catch (BindException e) {
      throw new ReportException("port " + port + " cannot be used: " + e.getMessage(), e);
    }
    ReportServer report = new ReportServer(runs, server);
    server.createContext("/", report::answer);
    server.setExecutor(report.threads);
    server.start();
    return report;
  }

  /** Where a browser on this machine finds the report. */
  public URI address() {
    return URI.create("http://localhost:" + server.getAddress().getPort() + "/");
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String host = exchange.getRequestHeaders().getFirst("Host");
      if (host == null || !OWN_NAMES.matcher(host).matches()) {
        send(exchange, 403, "text/plain", text("only for this machine\n"));
      } else if (!exchange.getRequestMethod().equals("GET")) {
        send(exchange, 405, "text/plain", text("only GET\n"));
      } else {
        answer(exchange, exchange.getRequestURI().getPath());
      }
    }
  }

  private void answer(HttpExchange exchange, String path) throws IOException {
    try {
      switch (path) {
        case "/" ->
            send(exchange, 200, "text/html", Page.of(RunReport.title(runs), newest().data(), true));
        case "/data.json" -> {
          Snapshot newest = newest();
          exchange.getResponseHeaders().set("ETag", newest.tag());
          if (newest.tag().equals(exchange.getRequestHeaders().getFirst("If-None-Match"))) {
            exchange.sendResponseHeaders(304, -1);
          } else {
            send(exchange, 200, "application/json", newest.data());
          }
        }
        default -> send(exchange, 404, "text/plain", text("not found\n"));
      }
    } catch (IOException | RuntimeException e) {
      send(exchange, 500, "text/plain", text(e.getMessage() + "\n"));
    }
  }

  private record Snapshot(String tag, byte[] data) {}

  private synchronized Snapshot newest() throws IOException {
    StringBuilder now = new StringBuilder();
    for (RunDirectory run : runs) {
      now.append(run.fingerprint()).append('.');
    }
    if (!now.toString().equals(fingerprint)) {
      data = ReportData.embedded(ReportData.of(runs, new Notices()));
      fingerprint = now.toString();
    }
    return new Snapshot('"' + fingerprint + '"', data);
  }

  private static byte[] text(String words) {
    return words.getBytes(StandardCharsets.UTF_8);
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] body)
      throws IOException {
    var headers = exchange.getResponseHeaders();
    headers.set("Content-Type", type + "; charset=utf-8");
    headers.set("Cache-Control", "no-cache");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("X-Frame-Options", "DENY");
    headers.set("Referrer-Policy", "no-referrer");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
  }
}
