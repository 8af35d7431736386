package org.treepo4j.engines.cuda;

import static org.treepo4j.engines.cuda.DeviceArray.Type.F32;

import org.treepo4j.checkpoints.ModelConfig;
import org.treepo4j.engines.cuda.VocabularyHead.Scores;
import org.treepo4j.engines.cuda.VocabularyHead.Targets;
import org.treepo4j.model.ForwardOptions;
import org.treepo4j.model.ForwardPass;

/** One pass; closing it hands its activations to the next. */
final class CudaForwardPass implements ForwardPass {
  private final CudaCausalLm lm;
  private final ModelConfig config;
  private final Device device;
  private final Kernels kernels;
  private final TreeRows rows;
  private final ForwardOptions options;
  private final TreeMixer mixer;
  private final CudaForward.Batch batch;
  private final Targets targets;
  private final Scores scores;
  private final float[] logprobs;
  private final float[] entropies;
  private Activations activations;
  private boolean backwardDone;

  CudaForwardPass(
      CudaCausalLm lm,
      Device device,
      Kernels kernels,
      TreeRows rows,
      ForwardOptions options,
      Activations activations) {
    this.lm = lm;
    this.config = lm.config();
    this.device = device;
    this.kernels = kernels;
    this.rows = rows;
    this.options = options;
    this.activations = activations;
    int n = rows.rows();
    mixer = new TreeMixer(device, config, kernels.treeAttention(), rows);
    float[] growth = CudaForward.growth(config, rows.positions());
    batch =
        new CudaForward.Batch(
            n,
            device.upload(rows.tokens()),
            device.upload(rows.positions()),
            growth == null ? null : device.upload(growth),
            false);
    targets =
        new Targets(
            device.upload(rows.targetStarts()),
            device.upload(rows.targetRows()),
            device.upload(rows.targetTokens()));
    scores = Scores.of(device, n);
    lm.forward().run(batch, activations, mixer);
    kernels
        .head()
        .forward(
            n,
            config.hiddenSize(),
            config.vocabSize(),
            activations.hidden(),
            lm.head().operand(),
            lm.logitShape(),
            targets,
            (float) options.temperature(),
            scores);
    logprobs = new float[n];
    entropies = new float[n];
    device.read(scores.logprobs(), logprobs, 0, n);
    device.read(scores.entropies(), entropies, 0, n);
  }

  @Override
  public float[] logprobs(int tree) {
    requireOpen();
    return pick(rows.rowsOf(tree), logprobs);
  }

  @Override
  public float[] entropies(int tree) {
    requireOpen();
    return pick(rows.rowsOf(tree), entropies);
  }

  @Override
  public float[] logits(int tree, int token) {
    requireOpen();
    int width = config.hiddenSize();
    long at = (long) rows.rowsOf(tree)[token] * width;
    DeviceArray logits = device.allocate(F32, config.vocabSize());
    kernels
        .head()
        .logits(
            1,
            width,
            config.vocabSize(),
            activations.hidden().part(at, width),
            lm.head().operand(),
            lm.logitShape(),
            logits);
    float[] values = device.floats(logits);
    device.free(logits);
    return values;
  }

  @Override
  public void backward(float[][] dLogprob, float[][] dEntropy) {
    if (!options.gradients()) {
      throw new IllegalStateException("backward needs a pass opened with gradients");
    }
    if (backwardDone) {
      throw new IllegalStateException("backward may be called once for a pass");
    }
    requireOpen();
    backwardDone = true;
    int n = rows.rows();
    float[] byRow = place(dLogprob, "dLogprob");
    float[] entropyByRow = dEntropy == null ? new float[n] : place(dEntropy, "dEntropy");
    int[] active = rows.active(byRow, entropyByRow);
    DeviceArray activeRows = device.upload(active);
    DeviceArray dLogprobs = device.upload(byRow);
    DeviceArray dEntropies = device.upload(entropyByRow);
    kernels
        .head()
        .backward(
            n,
            config.hiddenSize(),
            config.vocabSize(),
            active.length,
            activeRows,
            activations.hidden(),
            lm.head().operand(),
            lm.logitShape(),
            targets,
            (float) options.temperature(),
            scores,
            dLogprobs,
            dEntropies,
            lm.backward().hiddenGradient(n),
            lm.head().gradient());
    lm.head().collect();
    device.free(activeRows);
    device.free(dLogprobs);
    device.free(dEntropies);
    lm.backward().run(batch, TokenRows.of(rows.tokens()), mixer, activations);
  }

  @Override
  public void close() {
    if (activations == null) {
      return;
    }
    if (lm.isOpen()) {
      mixer.close();
      device.free(batch.tokens());
      device.free(batch.positions());
      device.free(batch.growth());
      device.free(targets.starts());
      device.free(targets.rows());
      device.free(targets.tokens());
      scores.free(device);
      lm.giveBack(activations);
    }
    activations = null;
  }

  private void requireOpen() {
    if (activations == null) {
      throw new IllegalStateException("this forward pass is closed");
    }
  }

  private static float[] pick(int[] rows, float[] byRow) {
    float[] values = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      values[i] = byRow[rows[i]];
    }
    return values;
  }

  private float[] place(float[][] byToken, String name) {
    if (byToken.length != rows.trees()) {
      throw new IllegalArgumentException(
          name + " must have " + rows.trees() + " rows, had " + byToken.length);
    }
    float[] byRow = new float[rows.rows()];
    for (int tree = 0; tree < byToken.length; tree++) {
      int[] own = rows.rowsOf(tree);
      if (byToken[tree].length != own.length) {
        throw new IllegalArgumentException(
            String.format(
                "%s of tree %d must have %d values, had %d",
                name, tree, own.length, byToken[tree].length));
      }
      for (int token = 0; token < own.length; token++) {
        byRow[own[token]] = byToken[tree][token];
      }
    }
    return byRow;
  }
}
