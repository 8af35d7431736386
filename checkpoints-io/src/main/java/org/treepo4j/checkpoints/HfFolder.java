package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.files.InputFile;

/**
 * A model folder as Hugging Face writes it, opened and validated without loading tensors: {@code
 * config.json}, {@code generation_config.json} and either {@code model.safetensors} or shards named
 * by {@code model.safetensors.index.json}.
 *
 * <p>Reading is safe from several threads. Whether the tensors are those that the configuration
 * asks for is the business of whoever loads them.
 */
public final class HfFolder implements ModelSource {
  static final String WEIGHTS = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";
  static final String WEIGHT_MAP = "weight_map";

  private static final int MAX_INDEX_BYTES = 16 << 20;

  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  /** Rotary frequencies that old conversions stored although the configuration gives them. */
  private static final String DERIVED = ".rotary_emb.inv_freq";

  private final Path folder;
  private final ModelConfig config;
  private final List<SafetensorsFile> shards;

  /** By the names of the files. */
  private final Map<String, SafetensorsFile> shardOfTensor;

  private final List<String> notes;

  private final TextTensors text;

  private HfFolder(
      Path folder,
      ModelConfig config,
      List<SafetensorsFile> shards,
      Map<String, SafetensorsFile> shardOfTensor,
      List<String> notes) {
    this.notes = List.copyOf(notes);
    this.folder = folder;
    this.config = config;
    this.shards = shards;
    this.shardOfTensor = shardOfTensor;
    this.text = TextTensors.of(config.architecture(), shardOfTensor.keySet());
  }

  /**
   * Opens a folder; the files stay open until {@link #close()}.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  public static HfFolder open(Path folder) throws CheckpointException {
    List<String> notes = new ArrayList<>();
    ModelConfig config = readConfig(folder, notes);
    List<SafetensorsFile> shards = new ArrayList<>();
    boolean done = false;
    try {
      Map<String, SafetensorsFile> tensors = openShards(folder, shards);
      tensors.keySet().removeIf(name -> name.endsWith(DERIVED));
      if (config.layers() > tensors.size()) {
        // Before anybody builds lists of names from a hostile number of layers.
        throw new CheckpointException(
            folder.resolve(HfConfigReader.CONFIG),
            "num_hidden_layers is %d but the folder has only %d tensors"
                .formatted(config.layers(), tensors.size()));
      }
      Design.Experts experts = config.design().experts();
      if (experts != null && (long) config.layers() * experts.count() > tensors.size()) {
        throw new CheckpointException(
            folder.resolve(HfConfigReader.CONFIG),
            "num_experts is %d in %d layers but the folder has only %d tensors"
                .formatted(experts.count(), config.layers(), tensors.size()));
      }
      HfFolder opened = new HfFolder(folder, config, shards, tensors, notes).withStoredHead();
      done = true;
      return opened;
    } finally {
      if (!done) {
        closeQuietly(shards);
      }
    }
  }

  /**
   * A head that is stored beside a tied embedding and differs from it has been trained: it is kept,
   * where the tie would drop it without a word. Of one type, as they nearly always are, neither is
   * held in memory for it.
   */
  private HfFolder withStoredHead() throws CheckpointException {
    if (!config.tiedEmbeddings() || !tensorNames().contains(HEAD)) {
      return this;
    }
    boolean same =
        tensorNames().contains(EMBEDDING)
            && shape(HEAD).equals(shape(EMBEDDING))
            && (tensor(HEAD).dtype() == tensor(EMBEDDING).dtype()
                ? shard(HEAD).holdsSame(storedName(HEAD), shard(EMBEDDING), storedName(EMBEDDING))
                : Arrays.equals(readFloats(HEAD), readFloats(EMBEDDING)));
    if (same) {
      return this;
    }
    List<String> told = new ArrayList<>(notes);
    told.add(
        "%s: holds an %s that differs from the embedding, although its %s says tie_word_embeddings; the stored head is used"
            .formatted(folder, HEAD, HfConfigReader.CONFIG));
    return new HfFolder(folder, config.untied(), shards, shardOfTensor, told);
  }

  /**
   * The configuration alone, for a folder that may have no weights yet.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  public static ModelConfig readConfig(Path folder) throws CheckpointException {
    return readConfig(folder, new ArrayList<>());
  }

  private static ModelConfig readConfig(Path folder, List<String> notes)
      throws CheckpointException {
    Optional<String> notAFolder = InputFile.notAFolder(folder);
    if (notAFolder.isPresent()) {
      throw new CheckpointException(folder, notAFolder.get());
    }
    return HfConfigReader.read(folder, notes);
  }

  /** Whether a folder has weight files; they may still be incomplete. */
  public static boolean hasWeights(Path folder) {
    return Files.exists(folder.resolve(WEIGHTS)) || Files.exists(folder.resolve(INDEX));
  }

  @Override
  public Path path() {
    return folder;
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public String configName() {
    return HfConfigReader.CONFIG;
  }

  @Override
  public Set<String> tensorNames() {
    return text.names();
  }

  @Override
  public List<String> notes() {
    return notes;
  }

  @Override
  public String storedName(String name) {
    return text.storedName(name);
  }

  /**
   * Names in the files of tensors that are no part of the text model: those of vision and of
   * multi-token prediction. An export holds them where it is told to ({@link
   * ExportOptions#partsFrom}).
   */
  public Set<String> passedOver() {
    return text.passedOver();
  }

  /** The file that has a tensor of this name, be it the text model's or not. */
  SafetensorsFile stored(String name) {
    return shardOfTensor.get(name);
  }

  @Override
  public List<Long> shape(String name) throws CheckpointException {
    return tensor(name).shape();
  }

  @Override
  public Map<String, Long> elementsByType() {
    Map<String, Long> elements = new TreeMap<>();
    for (String name : text.names()) {
      String stored = storedName(name);
      TensorInfo tensor = shardOfTensor.get(stored).tensors().get(stored);
      elements.merge(tensor.dtype().name(), tensor.elements(), Long::sum);
    }
    return elements;
  }

  /**
   * Type and shape of a tensor.
   *
   * @throws CheckpointException when the folder has none of that name
   */
  public TensorInfo tensor(String name) throws CheckpointException {
    return shard(name).tensors().get(storedName(name));
  }

  /** The elements of a tensor as {@link SafetensorsFile#readFloats} gives them. */
  @Override
  public float[] readFloats(String name) throws CheckpointException {
    return shard(name).readFloats(storedName(name));
  }

  /** The elements of a tensor as {@link SafetensorsFile#readBf16} gives them. */
  public short[] readBf16(String name) throws CheckpointException {
    return shard(name).readBf16(storedName(name));
  }

  /** Adds all weight tensors to a fingerprint, in the order of their names. */
  void addTo(Fingerprint fingerprint) throws CheckpointException {
    for (String name : new TreeSet<>(shardOfTensor.keySet())) {
      shardOfTensor.get(name).addTo(fingerprint, name);
    }
  }

  @Override
  public void close() throws IOException {
    for (SafetensorsFile shard : shards) {
      shard.close();
    }
  }

  private SafetensorsFile shard(String name) throws CheckpointException {
    if (!text.names().contains(name)) {
      throw new CheckpointException(folder, "has no tensor " + quoted(storedName(name)));
    }
    return shardOfTensor.get(storedName(name));
  }

  private static Map<String, SafetensorsFile> openShards(Path folder, List<SafetensorsFile> shards)
      throws CheckpointException {
    Map<String, SafetensorsFile> tensors = new LinkedHashMap<>();
    Path single = folder.resolve(WEIGHTS);
    Path index = folder.resolve(INDEX);
    if (Files.exists(single)) {
      SafetensorsFile file = SafetensorsFile.open(single);
      shards.add(file);
      file.tensors().keySet().forEach(name -> tensors.put(name, file));
      return tensors;
    }
    if (!Files.exists(index)) {
      throw new CheckpointException(folder, "has neither " + WEIGHTS + " nor " + INDEX);
    }
    Map<String, String> fileOfTensor = weightMap(index);
    Map<String, SafetensorsFile> opened = new TreeMap<>();
    for (Map.Entry<String, String> entry : fileOfTensor.entrySet()) {
      SafetensorsFile shard = opened.get(entry.getValue());
      if (shard == null) {
        shard = SafetensorsFile.open(folder.resolve(entry.getValue()));
        shards.add(shard);
        opened.put(entry.getValue(), shard);
      }
      if (!shard.tensors().containsKey(entry.getKey())) {
        throw new CheckpointException(
            shard.path(),
            "has no tensor " + quoted(entry.getKey()) + ", which " + INDEX + " promises");
      }
      tensors.put(entry.getKey(), shard);
    }
    for (SafetensorsFile shard : shards) {
      for (String name : shard.tensors().keySet()) {
        if (tensors.get(name) != shard) {
          throw new CheckpointException(
              shard.path(), "holds tensor " + quoted(name) + ", which " + INDEX + " does not name");
        }
      }
    }
    return tensors;
  }

  private static Map<String, String> weightMap(Path index) throws CheckpointException {
    JsonFields fields = new JsonFields(index, "", HostileJson.readObject(index, MAX_INDEX_BYTES));
    Map<String, String> fileOfTensor = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : fields.object(WEIGHT_MAP).object().properties()) {
      String file = entry.getValue().isTextual() ? entry.getValue().textValue() : "";
      if (!file.matches("[A-Za-z0-9_][A-Za-z0-9._-]*\\.safetensors")) {
        throw new CheckpointException(
            index,
            "%s of tensor %s: %s is not the name of a .safetensors file in this folder"
                .formatted(WEIGHT_MAP, quoted(entry.getKey()), quoted(entry.getValue().asText())));
      }
      fileOfTensor.put(entry.getKey(), file);
    }
    return fileOfTensor;
  }

  private static void closeQuietly(List<SafetensorsFile> shards) {
    for (SafetensorsFile shard : shards) {
      try {
        shard.close();
      } catch (IOException e) {
        // The refusal of the folder is on its way to the caller and says more.
      }
    }
  }
}
