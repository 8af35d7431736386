package org.treepo4j.serve.http;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.treepo4j.base.InputException;

/**
 * A certificate and its key, as PEM files.
 *
 * @param certificates X.509, the server's own first
 * @param key PKCS#8, without a password
 */
public record TlsFiles(Path certificates, Path key) {

  SslContext open() throws IOException {
    for (Path file : new Path[] {certificates, key}) {
      InputException.requireFile(file);
      if (!Files.readString(file, StandardCharsets.ISO_8859_1).contains("-----BEGIN ")) {
        throw new InputException(file + ": expected PEM");
      }
    }
    try {
      return SslContextBuilder.forServer(certificates.toFile(), key.toFile())
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .build();
    } catch (IllegalArgumentException | IOException e) {
      throw new InputException(
          "%s and %s must be an X.509 certificate and its PKCS#8 key in PEM"
              .formatted(certificates, key));
    }
  }
}
