package org.treepo4j.serve.sampling;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Writes down what a listener is told. */
final class Transcript implements SamplingListener {
  private final List<StringBuilder> texts = new ArrayList<>();
  private final List<String> ends = new ArrayList<>();
  private final List<TokenLogprobs> logprobs = new ArrayList<>();
  private int events;
  private final CompletableFuture<Usage> usage = new CompletableFuture<>();

  Transcript(int paths) {
    for (int i = 0; i < paths; i++) {
      texts.add(new StringBuilder());
      ends.add("running");
    }
  }

  @Override
  public synchronized void sampled(int path, String text, List<TokenLogprobs> tokens) {
    events++;
    texts.get(path).append(text);
    logprobs.addAll(tokens);
  }

  @Override
  public synchronized void finished(int path, String rest, boolean stopped) {
    texts.get(path).append(rest);
    ends.set(path, stopped ? "stop" : "length");
  }

  @Override
  public void completed(Usage all) {
    usage.complete(all);
  }

  @Override
  public void failed(String reason) {
    usage.completeExceptionally(new IllegalStateException(reason));
  }

  Usage await() throws Exception {
    return usage.get(30, TimeUnit.SECONDS);
  }

  boolean isOver() {
    return usage.isDone();
  }

  synchronized String text(int path) {
    return texts.get(path).toString();
  }

  /** How often it was told that an answer goes on. */
  synchronized int events() {
    return events;
  }

  synchronized List<TokenLogprobs> logprobs() {
    return List.copyOf(logprobs);
  }

  /** All texts and how they ended. */
  synchronized List<String> answers() {
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      answers.add(texts.get(i) + " (" + ends.get(i) + ")");
    }
    return answers;
  }
}
