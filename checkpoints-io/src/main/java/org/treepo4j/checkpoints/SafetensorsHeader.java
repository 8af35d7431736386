package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON header of a safetensors file, held to the format's rules: no name twice, known element
 * types, shape × size = bytes, and the tensors cover the data without hole or overlap.
 *
 * @param tensors by name, in the order of their bytes
 * @param metadata the free text under {@code __metadata__}
 */
record SafetensorsHeader(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
  /** The format's bound on the length of a header. */
  static final int MAX_BYTES = 100_000_000;

  static final String METADATA = "__metadata__";

  /**
   * @param file named in errors
   * @param json the header's bytes
   * @param dataBytes how many bytes follow the header
   */
  static SafetensorsHeader parse(Path file, byte[] json, long dataBytes)
      throws CheckpointException {
    if (json.length == 0 || json[0] != '{') {
      throw new CheckpointException(file, "header does not begin with {");
    }
    try (JsonParser parser = HostileJson.parser(json)) {
      return new Reading(file, parser).header(dataBytes);
    } catch (IOException e) {
      throw HostileJson.refusal(file, "header ", e);
    }
  }

  private record Reading(Path file, JsonParser parser) {

    SafetensorsHeader header(long dataBytes) throws IOException {
      List<TensorInfo> tensors = new ArrayList<>();
      Map<String, String> metadata = Map.of();
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw refused(quoted(name) + " is not an object");
        }
        if (name.equals(METADATA)) {
          metadata = metadata();
        } else {
          tensors.add(tensor(name));
        }
      }
      if (parser.nextToken() != null) {
        throw refused("header goes on after its closing }");
      }
      return new SafetensorsHeader(inOrderOfBytes(tensors, dataBytes), metadata);
    }

    private Map<String, String> metadata() throws IOException {
      Map<String, String> metadata = new LinkedHashMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        if (parser.nextToken() != JsonToken.VALUE_STRING) {
          throw refused(METADATA + " entry " + quoted(key) + " is not a string");
        }
        metadata.put(key, parser.getText());
      }
      return metadata;
    }

    private TensorInfo tensor(String name) throws IOException {
      DType dtype = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        parser.nextToken();
        switch (field) {
          case "dtype" -> dtype = dtype(name);
          case "shape" -> shape = naturals(name, field);
          case "data_offsets" -> offsets = naturals(name, field);
          default -> parser.skipChildren();
        }
      }
      if (dtype == null || shape == null || offsets == null) {
        String missing = dtype == null ? "dtype" : shape == null ? "shape" : "data_offsets";
        throw refused("tensor " + quoted(name) + " has no " + missing);
      }
      if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
        throw refused("tensor " + quoted(name) + " has no begin ≤ end as data_offsets");
      }
      TensorInfo tensor = new TensorInfo(name, dtype, shape, offsets.get(0), offsets.get(1));
      requireBytesOfShape(tensor);
      return tensor;
    }

    private DType dtype(String name) throws IOException {
      if (parser.currentToken() != JsonToken.VALUE_STRING) {
        throw refused("tensor " + quoted(name) + ": dtype is not a string");
      }
      String dtype = parser.getText();
      for (DType known : DType.values()) {
        if (known.name().equals(dtype)) {
          return known;
        }
      }
      throw refused("tensor " + quoted(name) + ": dtype " + quoted(dtype) + " is not supported");
    }

    private List<Long> naturals(String name, String field) throws IOException {
      if (parser.currentToken() != JsonToken.START_ARRAY) {
        throw refused("tensor " + quoted(name) + ": " + field + " is not a list");
      }
      List<Long> numbers = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        boolean integer = parser.currentToken() == JsonToken.VALUE_NUMBER_INT;
        if (!integer || parser.getLongValue() < 0) {
          throw refused(
              "tensor " + quoted(name) + ": " + field + " holds other than whole numbers ≥ 0");
        }
        numbers.add(parser.getLongValue());
      }
      return numbers;
    }

    private void requireBytesOfShape(TensorInfo tensor) throws CheckpointException {
      long bytes = tensor.dtype().bytes();
      try {
        for (long dimension : tensor.shape()) {
          bytes = Math.multiplyExact(bytes, dimension);
        }
      } catch (ArithmeticException e) {
        throw refused("tensor " + quoted(tensor.name()) + ": shape overflows 64 bits");
      }
      if (bytes != tensor.end() - tensor.begin()) {
        throw refused(
            "tensor %s: %d dimensions of %s need %d bytes, data_offsets span %d"
                .formatted(
                    quoted(tensor.name()),
                    tensor.shape().size(),
                    tensor.dtype(),
                    bytes,
                    tensor.end() - tensor.begin()));
      }
    }

    private Map<String, TensorInfo> inOrderOfBytes(List<TensorInfo> tensors, long dataBytes)
        throws CheckpointException {
      tensors.sort(Comparator.comparingLong(TensorInfo::begin).thenComparing(TensorInfo::end));
      Map<String, TensorInfo> ordered = new LinkedHashMap<>();
      long covered = 0;
      for (TensorInfo tensor : tensors) {
        if (tensor.begin() != covered) {
          throw refused(
              "tensor %s begins at byte %d and %s byte %d"
                  .formatted(
                      quoted(tensor.name()),
                      tensor.begin(),
                      tensor.begin() > covered ? "leaves a hole from" : "overlaps those up to",
                      covered));
        }
        covered = tensor.end();
        ordered.put(tensor.name(), tensor);
      }
      if (covered != dataBytes) {
        throw refused(
            "tensors take %d bytes, the file holds %d%s"
                .formatted(
                    covered,
                    dataBytes,
                    covered > dataBytes ? ": it is cut off, download it again" : ""));
      }
      return ordered;
    }

    private CheckpointException refused(String problem) {
      return new CheckpointException(file, problem);
    }
  }
}
