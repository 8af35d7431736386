package org.treepo4j.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.SampleRun;

class ReportServerTest {
  @TempDir Path run;

  @Test
  void followsARunFromItsEmptyDirectory() throws Exception {
    try (ReportServer server = ReportServer.start(run, Optional.empty(), 0)) {
      HttpResponse<String> empty = get(server, "data.json", "");
      assertThat(empty.body()).contains("\"steps\":[]");
      String tag = empty.headers().firstValue("ETag").orElseThrow();
      assertThat(get(server, "data.json", tag).statusCode()).isEqualTo(304);

      SampleRun.write(run, 2, 1, 1, 1);

      HttpResponse<String> newer = get(server, "data.json", tag);
      assertThat(newer.statusCode()).isEqualTo(200);
      assertThat(JsonLines.MAPPER.readTree(newer.body()).at("/runs/0/metrics/step")).hasSize(2);
      assertThat(get(server, "", "").body()).contains("data-mode=\"live\"", "connect-src 'self'");
      assertThat(get(server, "settings.yaml", "").statusCode()).isEqualTo(404);
    }
  }

  @Test
  void aFileReplacedUnderAClockThatWasSetBackIsSeen() throws Exception {
    SampleRun.write(run, 2, 1, 1, 1);
    Path settings = run.resolve("settings.yaml");
    Files.writeString(settings, "seed: 1\n");
    FileTime time = Files.getLastModifiedTime(settings);
    try (ReportServer server = ReportServer.start(run, Optional.empty(), 0)) {
      String tag = get(server, "data.json", "").headers().firstValue("ETag").orElseThrow();
      Path aside = Files.writeString(run.resolve("aside"), "seed: 2\n");
      Files.move(aside, settings, StandardCopyOption.REPLACE_EXISTING);
      Files.setLastModifiedTime(settings, time);
      assertThat(get(server, "data.json", tag).body()).contains("\"seed\":\"2\"");
    }
  }

  @Test
  void answersOnlyThisMachineByItsOwnName() throws Exception {
    try (ReportServer server = ReportServer.start(run, Optional.empty(), 0);
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      String status =
          new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
              .readLine();
      assertThat(status).contains("403");
    }
  }

  @Test
  void saysThatThePortIsTaken() throws IOException {
    try (ReportServer server = ReportServer.start(run, Optional.empty(), 0)) {
      int port = server.address().getPort();
      assertThatThrownBy(() -> ReportServer.start(run, Optional.empty(), port))
          .isInstanceOf(ReportException.class)
          .hasMessageStartingWith("port " + port + " cannot be used");
    }
  }

  @Test
  void clientsThatNeverFinishTheirRequestKeepNobodyOut() throws Exception {
    List<Socket> clients = new ArrayList<>();
    try (ReportServer server = ReportServer.start(run, Optional.empty(), 0)) {
      for (String begun :
          new String[] {
            "GET / HTTP/1.1\r\nHost: local", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\na"
          }) {
        for (int i = 0; i < 20; i++) {
          Socket client = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
          clients.add(client);
          client.getOutputStream().write(begun.getBytes(StandardCharsets.UTF_8));
        }
      }
      assertThat(get(server, "", "").statusCode()).isEqualTo(200);
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  private static HttpResponse<String> get(ReportServer server, String path, String tag)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.address().resolve(path)).timeout(Duration.ofSeconds(30));
    if (!tag.isEmpty()) {
      request.header("If-None-Match", tag);
    }
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }
}
