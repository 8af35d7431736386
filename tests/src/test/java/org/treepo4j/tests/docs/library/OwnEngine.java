package org.treepo4j.tests.docs.library;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.vector.VectorEngine;
import org.treepo4j.model.CausalLm;
import org.treepo4j.model.Weights;
import org.treepo4j.model.engine.Engine;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.rl.TrainingRun;

/** An engine of one's own: {@code docs/library.md} shows what is between the marks. */
public final class OwnEngine {
  private OwnEngine() {}

  // begin
  /**
   * Named in META-INF/services/org.treepo4j.model.engine.Engine; opens models of another engine.
   */
  public static final class Counting implements Engine {
    static final AtomicInteger OPENED = new AtomicInteger();
    private final Engine vector = new VectorEngine();

    @Override
    public String name() {
      return "counting";
    }

    @Override
    public Optional<String> problem(EngineOptions options) {
      return vector.problem(options);
    }

    @Override
    public int autoRank() {
      return -1; // never taken unless asked for
    }

    @Override
    public CausalLm open(Weights weights, EngineOptions options) {
      OPENED.incrementAndGet();
      return vector.open(weights, options); // here comes your CausalLm
    }

    @Override
    public Memory memory(ModelConfig config, EngineOptions options, Trained trained) {
      return vector.memory(config, options, trained);
    }
  }

  public static void main(String[] args) throws Exception {
    String[] settings = {"model=" + args[1], "output=" + args[2], "engine=counting"};
    TrainingRun.of(Path.of(args[0]), settings).run();
    System.out.println(Counting.OPENED + " model opened");
  }
  // end
}
