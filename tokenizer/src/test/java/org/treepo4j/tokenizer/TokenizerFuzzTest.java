package org.treepo4j.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.testsupport.OpenHandles;

/** Broken files are refused in one line that names the file, or work; nothing else happens. */
class TokenizerFuzzTest {
  private static final int CASES = 2_500;
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final List<String> STRANGE_VALUES =
      List.of(
          "null",
          "true",
          "-1",
          "2147483647",
          "1e999",
          "[]",
          "{}",
          "\"\"",
          "\"\\u0000\"",
          "\"(((\"",
          "\"\ue000\"",
          "[[]]",
          "99999999999999999999",
          "\"{{ 1/0 }}\"",
          "0.5");

  /** Tables and caches that every tokenizer has, parsers' buffers, a rendering, the exception. */
  private static final long ALLOCATION_AT_LEAST = 8 << 20;

  private static final int ALLOCATION_PER_BYTE = 100;

  private final com.sun.management.ThreadMXBean threads =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  private int refused;
  private int accepted;
  private long mostAllocated;
  private long slowestNanos;
  private final long begin = System.nanoTime();

  @TempDir Path folder;

  private Path small() throws IOException {
    SpecialTokenNames names =
        new SpecialTokenNames("<|bos|>", "<|eos|>", null, null, List.of("<|user|>"));
    new TokenizerTrainer(names)
        .trainByteLevel(List.of("the cat sat on the mat, the cat sat"), 280, folder);
    Path config = folder.resolve("tokenizer_config.json");
    ObjectNode json = (ObjectNode) MAPPER.readTree(config.toFile());
    json.put(
        "chat_template",
        "{% for m in messages %}{{ m['role'] ~ ': ' + m.content|trim }}\n{% endfor %}");
    Files.writeString(config, MAPPER.writeValueAsString(json));
    return folder;
  }

  @Test
  void mutatedBytesOfTokenizerJson() throws IOException {
    mutateBytes("tokenizer.json", 1);
  }

  @Test
  void mutatedBytesOfTheConfiguration() throws IOException {
    mutateBytes("tokenizer_config.json", 2);
  }

  @Test
  void mutatedValuesOfTokenizerJson() throws IOException {
    mutateValues("tokenizer.json", 3);
  }

  @Test
  void mutatedValuesOfTheConfiguration() throws IOException {
    mutateValues("tokenizer_config.json", 4);
  }

  @Test
  void mutatedVocabularyAndMerges() throws IOException {
    Path file = small().resolve("tokenizer.json");
    JsonNode model = MAPPER.readTree(file.toFile()).get("model");
    Files.delete(file);
    Files.delete(folder.resolve("tokenizer_config.json"));
    Files.writeString(folder.resolve("vocab.json"), MAPPER.writeValueAsString(model.get("vocab")));
    List<String> merges = new ArrayList<>(List.of("#version: 0.2"));
    model.get("merges").forEach(merge -> merges.add(merge.textValue()));
    Files.write(folder.resolve("merges.txt"), merges);
    for (String name : List.of("vocab.json", "merges.txt")) {
      mutateBytes(folder.resolve(name), new Random(5), CASES / 3);
    }
    report("vocab.json and merges.txt");
  }

  private void mutateBytes(String name, long seed) throws IOException {
    mutateBytes(small().resolve(name), new Random(seed), CASES);
    report("bytes of " + name);
  }

  private void mutateBytes(Path file, Random random, int cases) throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < cases; i++) {
      byte[] bytes = whole.clone();
      switch (random.nextInt(4)) {
        case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
        case 1 -> random.nextBytes(bytes = Arrays.copyOf(bytes, 1 + random.nextInt(64)));
        default -> {
          for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
          }
        }
      }
      // A new file each time: some file systems wait for the disk when one is overwritten.
      Files.delete(file);
      Files.write(file, bytes);
      use(new String(bytes, StandardCharsets.ISO_8859_1));
    }
    Files.write(file, whole);
  }

  private void mutateValues(String name, long seed) throws IOException {
    Path file = small().resolve(name);
    String whole = Files.readString(file);
    Random random = new Random(seed);
    for (int i = 0; i < CASES; i++) {
      JsonNode root = MAPPER.readTree(whole);
      for (int changes = 1 + random.nextInt(2); changes > 0; changes--) {
        mutate(root, random);
      }
      Files.delete(file);
      Files.writeString(file, MAPPER.writeValueAsString(root));
      use(root.toString());
    }
    report("values of " + name);
  }

  /** Replaces or removes a value somewhere below; near the root as likely as far from it. */
  private static void mutate(JsonNode node, Random random) throws IOException {
    JsonNode strange = MAPPER.readTree(STRANGE_VALUES.get(random.nextInt(STRANGE_VALUES.size())));
    if (node instanceof ObjectNode object && !object.isEmpty()) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      if (object.get(name).isContainerNode() && random.nextInt(4) > 0) {
        mutate(object.get(name), random);
      } else if (random.nextInt(4) == 0) {
        object.remove(name);
      } else {
        object.set(name, strange);
      }
    } else if (node instanceof ArrayNode array && !array.isEmpty()) {
      int at = random.nextInt(array.size());
      if (array.get(at).isContainerNode() && random.nextInt(4) > 0) {
        mutate(array.get(at), random);
      } else {
        array.set(at, strange);
      }
    }
  }

  private void use(String content) {
    long thread = Thread.currentThread().getId();
    long before = threads.getThreadAllocatedBytes(thread);
    long start = System.nanoTime();
    read(content);
    slowestNanos = Math.max(slowestNanos, System.nanoTime() - start);
    long allocated = threads.getThreadAllocatedBytes(thread) - before;
    mostAllocated = Math.max(mostAllocated, allocated);
    assertThat(allocated)
        .isLessThanOrEqualTo(ALLOCATION_AT_LEAST + (long) ALLOCATION_PER_BYTE * content.length());
  }

  private void read(String content) {
    try {
      Tokenizer tokenizer = Tokenizer.load(folder);
      int[] ids = tokenizer.encode("the cat's 12 mats,\n\n <|eos|>é🦙", true);
      tokenizer.decode(ids, true);
      SpecialTokens.load(folder, tokenizer);
      var template = ChatTemplate.load(folder);
      if (template.isPresent()) {
        template.get().render(MAPPER.readTree("[{\"role\":\"user\",\"content\":\"x\"}]"), true);
      }
      accepted++;
    } catch (TokenizerException e) {
      refused++;
      assertThat(e.getMessage()).contains(folder.toString()).doesNotContain("\n", "\r");
      assertThat(e.getMessage().length()).isLessThan(1000);
    } catch (IOException | RuntimeException | Error e) {
      fail("threw " + e + " on " + content.substring(0, Math.min(3000, content.length())), e);
    }
  }

  private void report(String what) throws IOException {
    System.out.printf(
        "fuzz %s: %d refused, %d still usable, %.1f s (slowest %.1f ms), at most %d KiB allocated,"
            + " %d handles left%n",
        what,
        refused,
        accepted,
        (System.nanoTime() - begin) / 1e9,
        slowestNanos / 1e6,
        mostAllocated >> 10,
        OpenHandles.below(folder));
    assertThat(refused).isPositive();
    assertThat(OpenHandles.below(folder)).as("handles open below %s", folder).isZero();
  }
}
