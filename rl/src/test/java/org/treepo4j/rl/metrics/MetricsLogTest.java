package org.treepo4j.rl.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  @TempDir Path run;

  @Test
  void aStepIsALineAndWhatIsNotFiniteIsLeftOut() throws IOException {
    try (MetricsLog log = MetricsLog.open(run, 0, Optional.empty())) {
      log.write(1, Map.of("reward_mean", 0.5));
      log.write(2, Map.of("loss", Double.NaN));
    }
    assertThat(run.resolve(MetricsLog.FILE))
        .hasContent("{\"step\":1,\"reward_mean\":0.5}\n{\"step\":2}\n");
  }

  @Test
  void resumingDropsStepsThatRunAgainAndTornLines() throws IOException {
    try (MetricsLog log = MetricsLog.open(run, 0, Optional.empty())) {
      for (int step = 1; step <= 3; step++) {
        log.write(step, Map.of("sampled_tokens", 7L));
      }
    }
    Files.writeString(run.resolve(MetricsLog.FILE), "{\"step\":4,\"sam", StandardOpenOption.APPEND);
    MetricsLog.open(run, 2, Optional.empty()).close();
    assertThat(Files.readAllLines(run.resolve(MetricsLog.FILE)))
        .containsExactly("{\"step\":1,\"sampled_tokens\":7}", "{\"step\":2,\"sampled_tokens\":7}");
  }

  @Test
  void eventFilesAreFramedTfRecordsOfScalars() throws IOException {
    try (MetricsLog log = MetricsLog.open(run, 0, Optional.empty())) {
      log.write(3, Map.of("loss", 0.25));
    }
    Path events;
    try (var files = Files.list(run)) {
      events = files.filter(f -> f.getFileName().toString().startsWith("events.")).findAny().get();
    }
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(events)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] version = frame(bytes);
    assertThat(new String(version, StandardCharsets.ISO_8859_1)).endsWith("brain.Event:2");
    ByteBuffer event = ByteBuffer.wrap(frame(bytes)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(event.get(9)).as("key of the step").isEqualTo((byte) 0x10);
    assertThat(event.get(10)).isEqualTo((byte) 3);
    assertThat(event.getFloat(event.limit() - Float.BYTES)).isEqualTo(0.25f);
    assertThat(bytes.hasRemaining()).isFalse();
  }

  @Test
  void eventFilesOfAResumedRunComeAfterTheOthersWhateverTheClockSays() throws IOException {
    Path future = Files.createFile(run.resolve("events.out.tfevents.4102444800.treepo4j"));
    MetricsLog.open(run, 0, Optional.empty()).close();
    MetricsLog.open(run, 0, Optional.empty()).close();
    try (var files = Files.list(run)) {
      assertThat(files.filter(f -> f.toString().contains("tfevents")).sorted())
          .containsExactly(
              future,
              run.resolve("events.out.tfevents.4102444801.treepo4j"),
              run.resolve("events.out.tfevents.4102444802.treepo4j"));
    }
  }

  private static byte[] frame(ByteBuffer bytes) {
    byte[] data = new byte[(int) bytes.getLong()];
    bytes.getInt();
    bytes.get(data);
    bytes.getInt();
    return data;
  }
}
