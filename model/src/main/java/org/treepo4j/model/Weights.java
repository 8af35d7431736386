package org.treepo4j.model;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.treepo4j.checkpoints.ModelConfig;

/** All weight tensors of a model by their Hugging Face names, in the order of the model. */
public final class Weights {
  private final ModelConfig config;
  private final RotaryPrecision rotaryPrecision;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /**
   * Weights whose rotary frequencies have full precision.
   *
   * @throws IllegalArgumentException for two parameters of one name
   */
  public Weights(ModelConfig config, List<Parameter> parameters) {
    this(config, parameters, RotaryPrecision.FULL);
  }

  private Weights(
      ModelConfig config, Collection<Parameter> parameters, RotaryPrecision rotaryPrecision) {
    this.config = config;
    this.rotaryPrecision = rotaryPrecision;
    for (Parameter parameter : parameters) {
      if (this.parameters.put(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException("weight tensor twice: " + parameter.name());
      }
    }
  }

  public ModelConfig config() {
    return config;
  }

  /** The format that {@link RotaryFrequencies} are rounded to. */
  public RotaryPrecision rotaryPrecision() {
    return rotaryPrecision;
  }

  /** The same parameters with rotary frequencies of another precision. */
  public Weights withRotaryPrecision(RotaryPrecision precision) {
    return new Weights(config, parameters.values(), precision);
  }

  public Collection<Parameter> parameters() {
    return Collections.unmodifiableCollection(parameters.values());
  }

  /**
   * The tensor of that name.
   *
   * @throws IllegalArgumentException when the model has none
   */
  public Parameter parameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no weight tensor named " + name);
    }
    return parameter;
  }

  /** The shape of every tensor by its name, in the order of the model. */
  public Map<String, int[]> shapes() {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (Parameter parameter : parameters.values()) {
      shapes.put(parameter.name(), parameter.shape());
    }
    return shapes;
  }

  public void zeroGradients() {
    parameters.values().forEach(Parameter::zeroGradient);
  }
}
