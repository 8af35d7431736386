package org.treepo4j.serve.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path folder;

  private KeyStore store;

  /** A key pair of the JDK's keytool, written as PEM. */
  @BeforeEach
  void writePem() throws Exception {
    Path file = folder.resolve("store.p12");
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    Process process =
        new ProcessBuilder(
                keytool,
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    assertThat(process.waitFor()).isZero();
    store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    write("cert.pem", "CERTIFICATE", store.getCertificate("a").getEncoded());
    write("key.pem", "PRIVATE KEY", store.getKey("a", PASSWORD).getEncoded());
  }

  @Test
  void answersOverTls() throws Exception {
    try (HttpServer server = open("cert.pem", "key.pem")) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null);
      trusted.setCertificateEntry("a", store.getCertificate("a"));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      HttpRequest request =
          HttpRequest.newBuilder(URI.create("https://localhost:" + server.port() + "/")).build();
      HttpResponse<String> response =
          HttpClient.newBuilder()
              .sslContext(context)
              .build()
              .send(request, HttpResponse.BodyHandlers.ofString());
      assertThat(response.body()).isEqualTo("secret");
    }
  }

  @Test
  void refusesFilesThatAreNoPair() throws Exception {
    Files.writeString(folder.resolve("junk.pem"), "junk");
    assertThatThrownBy(() -> open("junk.pem", "key.pem"))
        .hasMessage(folder.resolve("junk.pem") + ": expected PEM");
    assertThatThrownBy(() -> open("none.pem", "key.pem")).hasMessageContaining("no such file");
    assertThatThrownBy(() -> open("key.pem", "cert.pem"))
        .hasMessageContaining("must be an X.509 certificate and its PKCS#8 key in PEM");
  }

  private HttpServer open(String certificates, String key) throws IOException {
    byte[] body = "secret".getBytes(StandardCharsets.US_ASCII);
    return new HttpServer(
        new InetSocketAddress("localhost", 0),
        Optional.of(new TlsFiles(folder.resolve(certificates), folder.resolve(key))),
        HttpLimits.defaults(),
        exchange -> exchange.respond(200, "text/plain", body, Map.of()),
        (status, message) -> new byte[0]);
  }

  private void write(String name, String kind, byte[] der) throws IOException {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        folder.resolve(name),
        "-----BEGIN %s-----%n%s%n-----END %s-----%n".formatted(kind, base64, kind));
  }
}
