package org.treepo4j.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.treepo4j.base.InputException;
import org.treepo4j.checkpoints.Architecture;
import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.checkpoints.NewModel;

class MemoryNeedTest {
  private static final ModelConfig CONFIG =
      new NewModel(Architecture.LLAMA, 64, 2, 4, 2, 96, 512, 10_000, true)
          .config(100, 1, List.of(2));

  @Test
  void gradientsAreAsLargeAsTheWeights() {
    MemoryNeed plain = MemoryNeed.toScore(CONFIG, false);
    MemoryNeed gradients = MemoryNeed.toScore(CONFIG, true);
    assertThat(plain.total()).isEqualTo(plain.weights()).isPositive();
    assertThat(gradients.total()).isEqualTo(2 * plain.total());
  }

  @Test
  void whatDoesNotFitIsRefusedWithItsSizes() {
    MemoryNeed need = new MemoryNeed(3L << 30, 0, 1L << 30, 0);
    assertThatCode(() -> need.require("sampling with m", 4L << 30)).doesNotThrowAnyException();
    assertThatThrownBy(() -> need.require("sampling with m", (4L << 30) - 1))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(
            "memory: sampling with m needs about 4.0 GB (3.0 GB of it weights), the JVM may use 4.0");
  }
}
