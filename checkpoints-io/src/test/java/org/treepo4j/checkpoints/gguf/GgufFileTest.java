package org.treepo4j.checkpoints.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.treepo4j.checkpoints.CheckpointException;
import org.treepo4j.checkpoints.gguf.GgufValue.Type;
import org.treepo4j.testsupport.SharedData;

class GgufFileTest {
  @TempDir Path folder;

  @Test
  void metadataOfEveryTypeIsRead() throws IOException {
    JsonNode expected =
        new ObjectMapper().readTree(SharedData.require("gguf/valid/all-value-types.json").toFile());
    try (GgufFile file = GgufFile.open(SharedData.require("gguf/valid/all-value-types.gguf"))) {
      for (Map.Entry<String, JsonNode> entry : expected.properties()) {
        GgufValue value = file.metadata().values().get(entry.getKey());
        assertThat(value).as(entry.getKey()).isNotNull();
        assertThat(text(value)).as(entry.getKey()).isEqualTo(text(entry.getValue()));
      }
    }
  }

  private static String text(GgufValue value) {
    if (!value.array()) {
      return text(value.type(), value.value());
    }
    Stream<?> elements =
        value.value() instanceof long[] integers
            ? java.util.Arrays.stream(integers).boxed()
            : value.value() instanceof double[] numbers
                ? java.util.Arrays.stream(numbers).boxed()
                : value.value() instanceof boolean[] flags
                    ? java.util.stream.IntStream.range(0, flags.length).mapToObj(i -> flags[i])
                    : Stream.of((Object[]) value.value());
    return elements.map(each -> text(value.type(), each)).toList().toString();
  }

  private static String text(Type type, Object scalar) {
    return type == Type.U64 ? Long.toUnsignedString((Long) scalar) : scalar.toString();
  }

  private static String text(JsonNode node) {
    if (!node.isArray()) {
      return node.asText();
    }
    return java.util.stream.StreamSupport.stream(node.spliterator(), false)
        .map(JsonNode::asText)
        .toList()
        .toString();
  }

  @Test
  void arraysOfArraysAreRead() throws IOException {
    Path file = folder.resolve("nested.gguf");
    GgufBytes bytes = new GgufBytes(0, 1).text("a").i32(Type.ARRAY.ordinal());
    bytes.i32(Type.ARRAY.ordinal()).i64(2);
    bytes.i32(Type.U8.ordinal()).i64(1).i8(7);
    bytes.i32(Type.STRING.ordinal()).i64(1).text("x");
    Files.write(file, bytes.toBytes());
    try (GgufFile opened = GgufFile.open(file)) {
      GgufValue[] arrays = (GgufValue[]) opened.metadata().values().get("a").value();
      assertThat((long[]) arrays[0].value()).containsExactly(7);
      assertThat((String[]) arrays[1].value()).containsExactly("x");
    }
  }

  @Test
  void typesThatAreNotReadAreNamed() throws IOException {
    Path file = folder.resolve("unread.gguf");
    GgufBytes bytes = new GgufBytes(1, 0).text("t").i32(1).i64(256);
    Files.write(file, bytes.i32(16).i64(0).padded(32, 66).toBytes());
    try (GgufFile opened = GgufFile.open(file)) {
      assertThatThrownBy(() -> opened.readFloats("t"))
          .isInstanceOf(CheckpointException.class)
          .hasMessageStartingWith(
              file + ": tensor \"t\" is of type IQ2_XXS, which is not supported");
    }
  }

  @Test
  void sizesOfNoModelAreNamedByTheirKeys() throws IOException {
    byte[] bytes = TinyGguf.bytes();
    String key = "llama.feed_forward_length";
    int type = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key) + key.length();
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(type + 4, 1 << 30);
    Path file = folder.resolve("large.gguf");
    Files.write(file, bytes);
    assertThatThrownBy(() -> GgufModel.open(file))
        .isInstanceOf(CheckpointException.class)
        .hasMessage(file + ": llama.feed_forward_length must be at most 67108864, was 1073741824");
  }

  @Test
  void aMissingFileIsNamed() {
    Path file = folder.resolve("none.gguf");
    assertThatThrownBy(() -> GgufFile.open(file)).hasMessageContaining(file + ": ", "no such file");
  }
}
