package org.treepo4j.serve.models;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models of a server by their ids. A model may be replaced while requests run: those go on with
 * the old one, later ones get the new one. Safe for many threads.
 */
public final class ModelCatalog implements AutoCloseable {
  private final ServedModel.Loader loader;

  /** Guarded by itself, as is what follows. */
  private final Map<String, ServedModel> models = new LinkedHashMap<>();

  /** Replaced models that still answer. */
  private final List<ServedModel> replaced = new ArrayList<>();

  private boolean closing;

  /**
   * Opens all models.
   *
   * @param sources with different ids, at least one
   * @throws IOException when a model cannot be read; none stays open then
   * @throws IllegalArgumentException when two have one id, or an adapter does not fit
   */
  public ModelCatalog(ServedModel.Loader loader, List<ServedModel.Source> sources)
      throws IOException {
    this.loader = loader;
    boolean whole = false;
    try {
      for (ServedModel.Source source : sources) {
        if (models.containsKey(source.id())) {
          throw new IllegalArgumentException("two models are called " + source.id());
        }
        models.put(source.id(), loader.load(source));
      }
      whole = true;
    } finally {
      if (!whole) {
        close();
      }
    }
  }

  public Optional<ServedModel> find(String id) {
    synchronized (models) {
      return Optional.ofNullable(models.get(id));
    }
  }

  /** All models in the order they were given. */
  public List<ServedModel> all() {
    synchronized (models) {
      return List.copyOf(models.values());
    }
  }

  /**
   * Reads a model again and replaces it. Both are in memory until the requests of the old one have
   * ended.
   *
   * @param files another folder from now on; empty for the same as before
   * @throws IOException when it cannot be read; the old model stays then
   * @throws IllegalArgumentException when there is no such model, or an adapter does not fit
   */
  public ServedModel reload(String id, Optional<Path> files) throws IOException {
    ServedModel old =
        find(id).orElseThrow(() -> new IllegalArgumentException("there is no model " + id));
    ServedModel fresh = loader.load(files.map(old.source()::from).orElse(old.source()));
    synchronized (models) {
      if (closing) {
        fresh.engine().drain();
        throw new IllegalArgumentException("the server is shutting down");
      }
      ServedModel before = models.put(id, fresh);
      before.engine().drain();
      replaced.removeIf(model -> isEnded(model));
      replaced.add(before);
    }
    return fresh;
  }

  /** Takes no more requests and waits until those running have ended, or the time is over. */
  public void drain(Duration most) {
    long end = System.nanoTime() + most.toNanos();
    List<ServedModel> all = everything();
    all.forEach(model -> model.engine().drain());
    try {
      for (ServedModel model : all) {
        model.engine().awaitEnd(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Fails all requests and closes all models. */
  @Override
  public void close() {
    everything().forEach(model -> model.engine().close());
  }

  private List<ServedModel> everything() {
    synchronized (models) {
      closing = true;
      List<ServedModel> all = new ArrayList<>(models.values());
      all.addAll(replaced);
      return all;
    }
  }

  private static boolean isEnded(ServedModel model) {
    try {
      return model.engine().awaitEnd(Duration.ZERO);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
