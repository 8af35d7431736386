package org.treepo4j.checkpoints;

import static org.treepo4j.checkpoints.CheckpointException.quoted;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.treepo4j.base.files.Fingerprint;
import org.treepo4j.base.files.WholeFile;

/**
 * A LoRA adapter in PEFT's layout: {@code adapter_config.json} and {@code
 * adapter_model.safetensors} with tensors such as {@code
 * base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight}.
 *
 * @param config its settings
 * @param pairs one pair of matrices for each adapted weight
 */
public record PeftAdapter(AdapterConfig config, List<Pair> pairs) {
  private static final String CONFIG = "adapter_config.json";
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PREFIX = "base_model.model.";
  private static final String WEIGHT = ".weight";
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";

  /**
   * The matrices of one adapted weight.
   *
   * @param weight the weight's name in the base model, such as {@code
   *     model.layers.0.self_attn.q_proj.weight}
   * @param out rows of the weight
   * @param in columns of the weight
   * @param a A, [rank, in] row-major, live
   * @param b B, [out, rank] row-major, live
   * @param scale what B · A counts: alpha / rank, or alpha / √rank of rsLoRA
   */
  @SuppressWarnings("ArrayRecordComponent") // live weights, compared by nobody
  public record Pair(String weight, int out, int in, float[] a, float[] b, double scale) {
    public Pair {
      if (!weight.endsWith(WEIGHT)) {
        throw new IllegalArgumentException("weight must end with .weight, was " + weight);
      }
      int rank = a.length / in;
      if (rank == 0 || a.length != rank * in || b.length != (long) rank * out) {
        throw new IllegalArgumentException(
            "%s must have A [rank, %d] and B [%d, rank], had %d and %d values"
                .formatted(weight, in, out, a.length, b.length));
      }
    }

    /** The inner width. */
    public int rank() {
      return a.length / in;
    }

    /** The last name of the weight's module, such as {@code q_proj}. */
    String projection() {
      return module().substring(module().lastIndexOf('.') + 1);
    }

    private String module() {
      return weight.substring(0, weight.length() - WEIGHT.length());
    }
  }

  public PeftAdapter {
    pairs = List.copyOf(pairs);
  }

  /** Whether all pairs are of the rank and the scale that the settings name. */
  public boolean isUniform() {
    return pairs.stream()
        .allMatch(pair -> pair.rank() == config.rank() && pair.scale() == config.scale());
  }

  /** Whether a folder holds an adapter. */
  static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(CONFIG));
  }

  private static void requireNoRun(Path folder) throws CheckpointException {
    if (!isIn(folder)) {
      CheckpointStore.requireNoRun(folder);
    }
  }

  /**
   * What tells adapters apart, wherever they lie.
   *
   * @throws CheckpointException when a file is missing
   */
  public static String fingerprint(Path folder) throws CheckpointException {
    requireNoRun(folder);
    Fingerprint fingerprint = new Fingerprint();
    for (String name : List.of(CONFIG, WEIGHTS)) {
      try {
        fingerprint.file(name, folder.resolve(name));
      } catch (IOException e) {
        throw CheckpointException.of(folder.resolve(name), "cannot be read", e);
      }
    }
    return fingerprint.hex();
  }

  /**
   * Reads an adapter. Ranks and alphas by module and rsLoRA are taken over into the pairs; variants
   * of LoRA with other mathematics, and adapters that were trained on a changed base, are refused
   * by name.
   *
   * @throws CheckpointException with the file and what is wrong with it
   */
  public static PeftAdapter read(Path folder) throws CheckpointException {
    requireNoRun(folder);
    PeftConfig config = PeftConfig.read(folder.resolve(CONFIG));
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(WEIGHTS))) {
      Set<String> surplus = new TreeSet<>(file.tensors().keySet());
      List<Pair> pairs = new ArrayList<>();
      for (String name : file.tensors().keySet()) {
        if (name.startsWith(PREFIX) && name.endsWith(A)) {
          String module = name.substring(PREFIX.length(), name.length() - A.length());
          pairs.add(readPair(file, module, config));
          surplus.remove(name);
          surplus.remove(PREFIX + module + B);
        }
      }
      if (!surplus.isEmpty()) {
        throw new CheckpointException(
            file.path(),
            "tensor " + quoted(surplus.iterator().next()) + " is not part of a LoRA pair");
      }
      return new PeftAdapter(config.of(pairs), pairs);
    } catch (IOException e) {
      throw CheckpointException.of(folder.resolve(WEIGHTS), "cannot be read", e);
    }
  }

  /**
   * Writes the adapter's two files into an existing folder, weights in float32.
   *
   * @param baseModel name or path of the base model, for PEFT's automatic loading
   */
  public void writeInto(Path folder, String baseModel) throws CheckpointException {
    if (!isUniform()) {
      throw new IllegalArgumentException("pairs must be of the rank and scale of the settings");
    }
    List<TensorSpec> specs = new ArrayList<>();
    for (Pair pair : pairs) {
      specs.add(TensorSpec.of(PREFIX + pair.module() + A, DType.F32, config.rank(), pair.in()));
      specs.add(TensorSpec.of(PREFIX + pair.module() + B, DType.F32, pair.out(), config.rank()));
    }
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(folder.resolve(WEIGHTS), specs, Map.of("format", "pt"))) {
      for (Pair pair : pairs) {
        writer.writeFloats(PREFIX + pair.module() + A, pair.a());
        writer.writeFloats(PREFIX + pair.module() + B, pair.b());
      }
      writer.finish();
    }
    Path file = folder.resolve(CONFIG);
    try {
      WholeFile.write(file, HfConfigWriter.bytes(configJson(baseModel)));
    } catch (IOException e) {
      throw CheckpointException.of(file, "cannot be written", e);
    }
  }

  private ObjectNode configJson(String baseModel) {
    ObjectNode json = HfConfigWriter.JSON.createObjectNode();
    json.put("base_model_name_or_path", baseModel);
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    if (config.alpha() == Math.rint(config.alpha())) {
      json.put("lora_alpha", (long) config.alpha()); // PEFT declares it a whole number
    } else {
      json.put("lora_alpha", config.alpha());
    }
    json.put("lora_dropout", 0.0);
    json.putNull("modules_to_save");
    json.put("peft_type", "LORA");
    json.put("r", config.rank());
    config.targetModules().forEach(json.putArray("target_modules")::add);
    json.put("task_type", "CAUSAL_LM");
    json.put("use_dora", false);
    json.put("use_rslora", false);
    return json;
  }

  private static Pair readPair(SafetensorsFile file, String module, PeftConfig config)
      throws CheckpointException {
    List<Long> a = file.tensors().get(PREFIX + module + A).shape();
    TensorInfo tensorB = file.tensors().get(PREFIX + module + B);
    if (tensorB == null) {
      throw new CheckpointException(file.path(), "has no tensor " + quoted(PREFIX + module + B));
    }
    List<Long> b = tensorB.shape();
    int rank = config.rank(module);
    boolean fits = a.size() == 2 && b.size() == 2 && a.get(0) == rank && b.get(1) == rank;
    if (!fits || a.get(1) > Integer.MAX_VALUE || b.get(0) > Integer.MAX_VALUE) {
      throw new CheckpointException(
          file.path(),
          "shapes %s and %s of %s are not of rank %d".formatted(a, b, quoted(module), rank));
    }
    return new Pair(
        module + WEIGHT,
        b.get(0).intValue(),
        a.get(1).intValue(),
        file.readFloats(PREFIX + module + A),
        file.readFloats(PREFIX + module + B),
        config.scale(module));
  }
}
