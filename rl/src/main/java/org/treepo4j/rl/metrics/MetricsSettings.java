package org.treepo4j.rl.metrics;

import java.net.URI;
import java.net.URISyntaxException;
import org.treepo4j.base.settings.Setting;

/** Where metrics go besides the run's folder. */
public record MetricsSettings(
    @Setting(
            value =
                "address of an MLflow tracking server, such as http://127.0.0.1:5000; empty for"
                    + " none. A server that does not answer never stops a run",
            mayChange = true)
        String mlflow,
    @Setting(value = "MLflow experiment that the run belongs to", mayChange = true)
        String experiment) {

  public static MetricsSettings defaults() {
    return new MetricsSettings("", "treepo4j");
  }

  public MetricsSettings {
    mlflow = mlflow.strip().replaceFirst("/+$", "");
    if (!mlflow.isEmpty() && !isServer(mlflow)) {
      throw new IllegalArgumentException(
          "mlflow must be an address such as http://127.0.0.1:5000, was " + mlflow);
    }
    if (mlflow.contains("@")) {
      throw new IllegalArgumentException(
          "mlflow must hold no password: give it in the environment, as MLFLOW_TRACKING_USERNAME"
              + " and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN");
    }
    if (experiment.isBlank()) {
      throw new IllegalArgumentException("experiment must not be empty");
    }
  }

  private static boolean isServer(String address) {
    try {
      URI uri = new URI(address);
      return ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
          && uri.getRawAuthority() != null
          && uri.getRawQuery() == null;
    } catch (URISyntaxException e) {
      return false;
    }
  }
}
