package org.treepo4j.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client that costs next to nothing, so that the server is measured. */
final class StreamClient {
  private static final String DONE = "data: [DONE]";
  private static final int TIMEOUT = 600_000;

  private StreamClient() {}

  /** Asks for a stream and reads it to its end; seconds until its first event. */
  static double ask(int port, String body) throws IOException {
    long begin = System.nanoTime();
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(TIMEOUT);
      socket.setTcpNoDelay(true);
      String request =
          ("POST /v1/completions HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n"
                  + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")
              .formatted(body.length(), body);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      InputStream in = socket.getInputStream();
      byte[] buffer = new byte[1 << 16];
      String last = "";
      double first = -1;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        String text = new String(buffer, 0, read, StandardCharsets.US_ASCII);
        if (first < 0 && text.contains("data: ")) {
          first = (System.nanoTime() - begin) * 1e-9;
        }
        last = (last + text).substring(Math.max(0, last.length() + text.length() - 64));
      }
      if (first < 0 || !last.contains(DONE)) {
        throw new IOException("the stream ended with: " + last);
      }
      return first;
    }
  }
}
