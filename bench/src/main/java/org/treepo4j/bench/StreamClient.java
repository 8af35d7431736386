package org.treepo4j.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A client that keeps its connection, as real ones do, and costs next to nothing, so that the
 * server is measured: of what it reads it looks at the beginning and the end.
 */
final class StreamClient implements AutoCloseable {
  private static final int TIMEOUT = 600_000;
  private static final byte[] OK = ascii("HTTP/1.1 200 ");
  private static final byte[] EVENT = ascii("data: ");

  /** The last event, the end of its chunk, and the chunk that ends the response. */
  private static final byte[] END = ascii("data: [DONE]\n\n\r\n0\r\n\r\n");

  private final Socket socket;
  private final byte[] buffer = new byte[1 << 16];

  StreamClient(int port) throws IOException {
    socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(TIMEOUT);
    socket.setTcpNoDelay(true);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /** Asks for a stream and reads it to its end; seconds until its first event. */
  double ask(String body) throws IOException {
    long begin = System.nanoTime();
    String request =
        ("POST /v1/completions HTTP/1.1\r\nHost: bench\r\n"
                + "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s")
            .formatted(body.length(), body);
    socket.getOutputStream().write(ascii(request));
    InputStream in = socket.getInputStream();
    byte[] tail = new byte[END.length];
    double first = -1;
    boolean begun = false;
    while (!Arrays.equals(tail, END)) {
      int read = in.read(buffer);
      if (read < 0 || !begun && !startsWith(OK, 0, read)) {
        String text = new String(buffer, 0, Math.max(0, read), StandardCharsets.UTF_8);
        throw new IOException("no stream, or not its end, but: " + text);
      }
      begun = true;
      if (first < 0 && holdsEvent(read)) {
        first = (System.nanoTime() - begin) * 1e-9;
      }
      int fresh = Math.min(read, tail.length);
      System.arraycopy(tail, fresh, tail, 0, tail.length - fresh);
      System.arraycopy(buffer, read - fresh, tail, tail.length - fresh, fresh);
    }
    return first;
  }

  private boolean holdsEvent(int count) {
    int at = 0;
    while (at < count && !startsWith(EVENT, at, count)) {
      at++;
    }
    return at < count;
  }

  private boolean startsWith(byte[] text, int at, int count) {
    return at + text.length <= count
        && Arrays.equals(buffer, at, at + text.length, text, 0, text.length);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
