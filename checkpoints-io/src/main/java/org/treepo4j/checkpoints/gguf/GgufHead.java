package org.treepo4j.checkpoints.gguf;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.checkpoints.CheckpointException;

/**
 * All of a GGUF file but the tensors' data, held to the format's rules: known types, no name twice,
 * and tensors that lie aligned, apart from each other and within the file.
 *
 * @param version of the format: 2 or 3
 * @param metadata the values by key
 * @param tensors by name, in the order of the file's list
 */
record GgufHead(int version, GgufMetadata metadata, Map<String, GgufTensor> tensors) {
  static final String MAGIC = "GGUF";
  private static final String LFS_POINTER = "version https://git-lfs";
  private static final int MAX_DIMENSIONS = 4;
  private static final String ALIGNMENT = "general.alignment";
  private static final int DEFAULT_ALIGNMENT = 32;

  static GgufHead read(Path file, FileChannel channel) throws IOException {
    GgufInput in = new GgufInput(file, channel);
    int version = readVersion(in);
    int tensorCount = in.readCount("tensors");
    int keyCount = in.readCount("metadata keys");
    in.enter("metadata");
    GgufMetadata metadata = new GgufMetadata(file, readValues(in, keyCount));
    if (metadata.has("split.count") && metadata.integer("split.count") != 1) {
      throw in.refused(
          "is one of %d parts of a split model, which is not supported: merge them first"
              .formatted(metadata.integer("split.count")));
    }
    long alignment = alignment(metadata);
    in.enter("list of tensors");
    return new GgufHead(version, metadata, readTensors(in, tensorCount, alignment));
  }

  private static int readVersion(GgufInput in) throws IOException {
    if (in.size() == 0) {
      throw in.refused("is empty, no GGUF file");
    }
    if (in.peek(LFS_POINTER.length()).equals(LFS_POINTER)) {
      throw in.refused(
          "is a Git LFS pointer, not the file itself: fetch the file with git lfs pull");
    }
    String magic = in.peek(MAGIC.length());
    if (!magic.equals(MAGIC)) {
      throw in.refused(
          "is not a GGUF file: it begins with " + quoted(magic) + ", not with \"GGUF\"");
    }
    in.readInt();
    int version = in.readInt();
    if (version != 0 && (version & 0xffff) == 0) {
      throw in.refused(
          "is a big-endian file, which is not supported (the version reads as 0x%08x)"
              .formatted(version));
    }
    if (version != 2 && version != 3) {
      throw in.refused(
          "GGUF version %s is not supported, expected 2 or 3"
              .formatted(Integer.toUnsignedString(version)));
    }
    return version;
  }

  private static Map<String, GgufValue> readValues(GgufInput in, int count) throws IOException {
    Map<String, GgufValue> values = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String key = in.readString("key " + i + " of the metadata");
      if (key.isEmpty()) {
        throw in.refused("key " + i + " of the metadata is empty");
      }
      if (values.put(key, in.readValue(key)) != null) {
        throw in.refused("key " + quoted(key) + " is there twice");
      }
    }
    return values;
  }

  static long alignment(GgufMetadata metadata) throws CheckpointException {
    long alignment = metadata.has(ALIGNMENT) ? metadata.integer(ALIGNMENT) : DEFAULT_ALIGNMENT;
    if (alignment <= 0 || Long.bitCount(alignment) != 1) {
      throw metadata.refused(ALIGNMENT + " must be a power of two, was " + alignment);
    }
    return alignment;
  }

  private static Map<String, GgufTensor> readTensors(GgufInput in, int count, long alignment)
      throws IOException {
    List<GgufTensor> listed = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      listed.add(readTensor(in, i));
    }
    long dataStart = (in.position() + alignment - 1) & -alignment;
    if (count > 0 && (dataStart < in.position() || dataStart >= in.size())) {
      throw in.refused(
          "tensor data would begin at byte %s (alignment %d), beyond the end of the file of %d"
              .formatted(Long.toUnsignedString(dataStart), alignment, in.size()));
    }
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    for (GgufTensor each : listed) {
      GgufTensor placed = placed(in, each, dataStart, alignment);
      if (tensors.put(placed.name(), placed) != null) {
        throw in.refused("tensor " + quoted(placed.name()) + " is there twice");
      }
    }
    refuseOverlaps(in, tensors);
    return Collections.unmodifiableMap(tensors);
  }

  /** A tensor with its place counted from the start of the data. */
  private static GgufTensor readTensor(GgufInput in, int i) throws IOException {
    String name = in.readString("the name of tensor " + i);
    String named = "tensor " + quoted(name);
    int dimensions = in.readInt();
    if (dimensions < 0 || dimensions > MAX_DIMENSIONS) {
      throw in.refused(
          "%s has %s dimensions, more than %d"
              .formatted(named, Integer.toUnsignedString(dimensions), MAX_DIMENSIONS));
    }
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (int d = 0; d < dimensions; d++) {
      long size = in.readLong();
      if (size <= 0) {
        throw in.refused("%s has a dimension of %s".formatted(named, Long.toUnsignedString(size)));
      }
      if (elements > Long.MAX_VALUE / size) {
        throw in.refused(named + ": its dimensions multiply to 2^63 or more");
      }
      elements *= size;
      shape.add(0, size);
    }
    GgmlType type = type(in, named, in.readInt());
    long row = shape.isEmpty() ? 1 : shape.get(shape.size() - 1);
    if (row % type.blockElements() != 0) {
      throw in.refused(
          "%s: %s needs rows of a multiple of %d elements, here they have %d"
              .formatted(named, type, type.blockElements(), row));
    }
    long blocks = elements / type.blockElements();
    if (blocks > Long.MAX_VALUE / type.blockBytes()) {
      throw in.refused(named + " takes 2^63 bytes or more");
    }
    long offset = in.readLong();
    return new GgufTensor(name, type, shape, offset, offset + blocks * type.blockBytes());
  }

  private static GgmlType type(GgufInput in, String named, int id) throws CheckpointException {
    if (GgmlType.removed(id).isPresent()) {
      throw in.refused(
          "%s is of type %d (%s), which was removed from the format; it is not supported"
              .formatted(named, id, GgmlType.removed(id).get()));
    }
    return GgmlType.of(id)
        .orElseThrow(
            () ->
                in.refused(
                    "%s is of type %s, which is not known"
                        .formatted(named, Integer.toUnsignedString(id))));
  }

  /** The same with its place counted from the start of the file, which holds it. */
  private static GgufTensor placed(GgufInput in, GgufTensor tensor, long dataStart, long alignment)
      throws CheckpointException {
    String named = "tensor " + quoted(tensor.name());
    long room = in.size() - dataStart;
    if (tensor.begin() % alignment != 0) {
      throw in.refused(
          "%s: its offset %s is not a multiple of the alignment %d"
              .formatted(named, Long.toUnsignedString(tensor.begin()), alignment));
    }
    if (tensor.begin() < 0 || tensor.begin() >= room) {
      throw in.refused(named + " lies beyond the end of the file of " + in.size() + " bytes");
    }
    if (tensor.end() - tensor.begin() > room - tensor.begin()) {
      throw in.refused(
          "the file of %d bytes ends within %s, which takes %d from byte %d on"
              .formatted(
                  in.size(), named, tensor.end() - tensor.begin(), dataStart + tensor.begin()));
    }
    return new GgufTensor(
        tensor.name(),
        tensor.type(),
        tensor.shape(),
        dataStart + tensor.begin(),
        dataStart + tensor.end());
  }

  private static void refuseOverlaps(GgufInput in, Map<String, GgufTensor> tensors)
      throws CheckpointException {
    List<GgufTensor> byPlace = new ArrayList<>(tensors.values());
    byPlace.sort(Comparator.comparingLong(GgufTensor::begin).thenComparing(GgufTensor::end));
    for (int i = 1; i < byPlace.size(); i++) {
      GgufTensor before = byPlace.get(i - 1);
      if (byPlace.get(i).begin() < before.end()) {
        throw in.refused(
            "tensor %s overlaps %s"
                .formatted(quoted(byPlace.get(i).name()), quoted(before.name())));
      }
    }
  }
}
