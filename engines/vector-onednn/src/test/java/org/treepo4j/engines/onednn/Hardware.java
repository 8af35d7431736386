package org.treepo4j.engines.onednn;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Optional;
import org.treepo4j.model.engine.EngineOptions;
import org.treepo4j.model.engine.WeightStorage;

/** Tests that compute are skipped, with the reason, where the engine cannot run. */
final class Hardware {
  private Hardware() {}

  static void require(WeightStorage storage) {
    Optional<String> problem =
        new OneDnnEngine().problem(new EngineOptions("vector-onednn", storage, 2));
    assumeTrue(problem.isEmpty(), () -> problem.orElseThrow());
  }
}
