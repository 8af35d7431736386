package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One tokenizer serves many threads, which share its cache of words. */
class ThreadsTest {
  private static final int THREADS = 8;

  @TempDir Path folder;

  @Test
  void manyThreadsGetWhatOneGets() throws Exception {
    new TokenizerTrainer(new SpecialTokenNames(null, "<|end|>", null, null, List.of()))
        .trainByteLevel(List.of("the cat sat on the mat; the dog ate the cat's food"), 300, folder);
    Tokenizer tokenizer = Tokenizer.load(folder);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      texts.add("the cat" + i % 97 + " ate word" + i + " at the mat, é🦙" + i % 7 + "<|end|>");
    }
    List<int[]> alone = texts.stream().map(Tokenizer.load(folder)::encode).toList();
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    try {
      List<Callable<List<int[]>>> tasks = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        tasks.add(() -> texts.stream().map(tokenizer::encode).toList());
      }
      for (Future<List<int[]>> each : threads.invokeAll(tasks)) {
        List<int[]> got = each.get();
        for (int i = 0; i < texts.size(); i++) {
          assertThat(got.get(i)).isEqualTo(alone.get(i));
          assertThat(tokenizer.decode(got.get(i), true)).isEqualTo(texts.get(i));
        }
      }
    } finally {
      threads.shutdownNow();
    }
  }
}
