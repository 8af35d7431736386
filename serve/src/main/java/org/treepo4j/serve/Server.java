package org.treepo4j.serve;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.treepo4j.serve.http.HttpServer;
import org.treepo4j.serve.models.ModelCatalog;
import org.treepo4j.serve.openai.OpenAiApi;

/** A server that listens until it is closed. */
public final class Server implements AutoCloseable {
  private final ModelCatalog models;
  private final OpenAiApi api;
  private final HttpServer http;
  private final Duration drainTime;
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * Starts to listen.
   *
   * @param models closed with the server
   * @throws IOException when the address cannot be listened on; the models stay open then
   */
  public Server(ModelCatalog models, ServeSettings settings) throws IOException {
    this.models = models;
    api = new OpenAiApi(models, settings.keys(), settings.answerTime());
    drainTime = settings.drainTime();
    try {
      http =
          new HttpServer(
              settings.address(), settings.tls(), settings.http(), api, OpenAiApi::error);
    } catch (IOException | RuntimeException e) {
      api.close();
      throw e;
    }
  }

  /** The port it listens on. */
  public int port() {
    return http.port();
  }

  /** Connections that are open. */
  public int connections() {
    return http.connections();
  }

  /** Waits until the server is closed. */
  public void await() throws InterruptedException {
    closed.await();
  }

  /**
   * Takes no more requests, finishes those that run as long as the settings allow, and lets go of
   * everything.
   */
  @Override
  public synchronized void close() {
    if (closed.getCount() == 0) {
      return;
    }
    api.drain();
    http.stopAccepting();
    models.drain(drainTime);
    models.close();
    http.close();
    api.close();
    closed.countDown();
  }
}
