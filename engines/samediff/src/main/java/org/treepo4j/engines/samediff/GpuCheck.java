package org.treepo4j.engines.samediff;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whether ND4J's CUDA backend could run on this machine, asked of NVIDIA's own tool before any CUDA
 * library is loaded.
 *
 * @param gpus the GPUs that CUDA programs may use
 * @param failure why the driver could not be asked, or null
 */
public record GpuCheck(List<Gpu> gpus, String failure) {
  private static final String QUERY = "--query-gpu=index,uuid,compute_cap,memory.total,name";
  private static final Pattern LINE =
      Pattern.compile("(\\d+), ([^,]+), ([^,]*), (\\d*)[^,]*, (.+)");
  private static final Pattern CAPABILITY = Pattern.compile("(\\d+)\\.(\\d+)");
  private static final long PATIENCE_SECONDS = 10;

  public GpuCheck {
    gpus = List.copyOf(gpus);
  }

  /** Asks {@code nvidia-smi}. */
  public static GpuCheck ofThisMachine() {
    String output;
    try {
      output = run("nvidia-smi", QUERY, "--format=csv,noheader,nounits");
    } catch (IOException e) {
      return new GpuCheck(List.of(), "no NVIDIA driver answers (" + e.getMessage() + ")");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new GpuCheck(List.of(), "interrupted while asking the NVIDIA driver");
    }
    return new GpuCheck(visible(parse(output), System.getenv("CUDA_VISIBLE_DEVICES")), null);
  }

  /** Why the CUDA backend cannot run here, in one line; empty when it can. */
  public Optional<String> problem() {
    String begin = "the samediff engine with the CUDA backend cannot run: ";
    if (gpus.isEmpty()) {
      return Optional.of(begin + (failure == null ? "no GPU is visible" : failure));
    }
    for (Gpu gpu : gpus) {
      if (!gpu.usable()) {
        return Optional.of(
            begin
                + gpu.description()
                + " is outside 3.7 to 8.9, all that ND4J 1.0.0-M2.1 has code for"
                + (gpus.size() > 1 ? "; hide it with CUDA_VISIBLE_DEVICES" : ""));
      }
    }
    return Optional.empty();
  }

  /** Reads the answer to {@link #QUERY}, one GPU a line; other lines are passed over. */
  static List<Gpu> parse(String output) {
    List<Gpu> gpus = new ArrayList<>();
    for (String line : output.lines().toList()) {
      Matcher fields = LINE.matcher(line.strip());
      if (fields.matches()) {
        Matcher capability = CAPABILITY.matcher(fields.group(3).strip());
        boolean known = capability.matches();
        gpus.add(
            new Gpu(
                Integer.parseInt(fields.group(1)),
                fields.group(2).strip(),
                fields.group(5).strip(),
                known ? Integer.parseInt(capability.group(1)) : -1,
                known ? Integer.parseInt(capability.group(2)) : 0,
                fields.group(4).isEmpty() ? 0 : Long.parseLong(fields.group(4))));
      }
    }
    return gpus;
  }

  /** Those that {@code CUDA_VISIBLE_DEVICES} leaves, numbers and UUIDs being its two spellings. */
  static List<Gpu> visible(List<Gpu> gpus, String variable) {
    if (variable == null) {
      return gpus;
    }
    List<String> named = Arrays.stream(variable.split(",", -1)).map(String::strip).toList();
    return gpus.stream()
        .filter(
            gpu ->
                named.stream()
                    .anyMatch(
                        name ->
                            name.equals(String.valueOf(gpu.index()))
                                || (name.startsWith("GPU-") && gpu.uuid().startsWith(name))))
        .toList();
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(command[0] + " did not answer in " + PATIENCE_SECONDS + " s");
      }
      byte[] answer = process.getInputStream().readAllBytes();
      String output = new String(answer, StandardCharsets.UTF_8).strip();
      if (process.exitValue() != 0) {
        String first = output.lines().findFirst().orElse("exit code " + process.exitValue());
        throw new IOException(command[0] + ": " + first);
      }
      return output;
    } finally {
      process.destroyForcibly();
    }
  }
}
