package org.treepo4j.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** docs/metrics.md explains every metric of a run. */
class MetricsPageTest {
  private static final Pattern NAME = Pattern.compile("`([a-z_]+N?)`");

  @Test
  void everyMetricIsExplained(@TempDir Path folder) throws IOException {
    Path model = TinyModel.in(folder);
    TinyModel.run(
        "train",
        Page.ROOT.resolve("examples/chain-sums/train.yaml").toString(),
        "model=" + model,
        "output=" + folder.resolve("run"),
        "reward.overlongBuffer=30",
        "loss.kl=loss",
        "rollout.maxWidth=4",
        "rollout.maxDepth=4",
        "rollout.maxResponseTokens=30",
        "trainer.steps=1",
        "trainer.promptsPerStep=2",
        "evaluation.maxTasks=2");
    String metrics = Files.readString(folder.resolve("run/metrics.jsonl"));
    Set<String> written = new TreeSet<>();
    Iterator<String> names = new ObjectMapper().readTree(metrics).fieldNames();
    names.forEachRemaining(name -> written.add(name.replaceAll("_\\d+$", "_N")));
    written.removeAll(Set.of("step", "finish_unclosed_answer", "finish_unfinished"));
    assertThat(explained()).containsAll(written);
  }

  private static Set<String> explained() throws IOException {
    Set<String> names = new TreeSet<>();
    Matcher matcher = NAME.matcher(Page.read(Page.ROOT.resolve("docs/metrics.md")).text());
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    return names;
  }
}
