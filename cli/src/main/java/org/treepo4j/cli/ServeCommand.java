package org.treepo4j.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.treepo4j.base.InputException;
import org.treepo4j.model.DecoderOptions;
import org.treepo4j.model.engine.Engines;
import org.treepo4j.serve.ServeSettings;
import org.treepo4j.serve.Server;
import org.treepo4j.serve.http.TlsFiles;
import org.treepo4j.serve.models.ModelCatalog;
import org.treepo4j.serve.models.ServedModel;
import org.treepo4j.serve.openai.ApiKeys;
import org.treepo4j.serve.sampling.SamplingLimits;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description =
        "Answers over HTTP as OpenAI's server does: /v1/chat/completions, /v1/completions,"
            + " /v1/models, /health, /metrics. Ends with SIGTERM, after the running answers.")
final class ServeCommand implements Callable<Integer> {
  private static final String LOCALHOST = "127.0.0.1";
  private static final int MAX_PORT = 65535;

  @Spec private CommandSpec spec;
  @Mixin private ModelMixin modelMixin;

  @Option(
      names = {"--adapter", "--lora"},
      paramLabel = "DIR",
      description =
          "LoRA adapter in PEFT's layout, or a checkpoint of one, served as a further model; may be"
              + " repeated.")
  private List<Path> adapters = List.of();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Where to listen; default ${DEFAULT-VALUE}, this machine only.")
  private String host = LOCALHOST;

  @Option(
      names = "--port",
      paramLabel = "P",
      description = "Default ${DEFAULT-VALUE}; 0 for any that is free.")
  private int port = 8080;

  @Option(
      names = "--api-key-file",
      paramLabel = "F",
      description = "Keys one a line, of which every request must carry one.")
  private Path apiKeyFile;

  @Option(names = "--tls-cert", paramLabel = "F", description = "Certificates in PEM, for HTTPS.")
  private Path tlsCertificates;

  @Option(
      names = "--tls-key",
      paramLabel = "F",
      description = "Their key in PEM (PKCS#8, without a password).")
  private Path tlsKey;

  @Option(
      names = "--max-paths",
      paramLabel = "N",
      description = "Answers sampled at once. Default ${DEFAULT-VALUE}.")
  private int maxPaths = SamplingLimits.defaults().maxPaths();

  @Option(
      names = "--max-waiting",
      paramLabel = "N",
      description = "Requests that may wait; more get status 429. Default ${DEFAULT-VALUE}.")
  private int maxWaiting = SamplingLimits.defaults().maxWaiting();

  @Option(
      names = "--cache-mib",
      paramLabel = "N",
      description =
          "Memory of all models' keys and values; default half of the Java heap, or of what is free on the GPU.")
  private Long cacheMib;

  @Override
  public Integer call() throws Exception {
    ServeSettings settings = settings();
    try (ModelCatalog models = models();
        Server server = new Server(models, settings)) {
      Thread end = new Thread(server::close, "shutdown");
      Runtime.getRuntime().addShutdownHook(end);
      announce(server, models);
      try {
        server.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the program this command runs in wants it to end
      }
    }
    return 0;
  }

  private ServeSettings settings() throws IOException {
    if (port < 0 || port > MAX_PORT) {
      throw new InputException("--port must be from 0 to 65535, was " + port);
    }
    requirePositive("--max-paths", maxPaths);
    requirePositive("--max-waiting", maxWaiting);
    if (cacheMib != null) {
      requireCache(cacheMib);
    }
    if ((tlsCertificates == null) != (tlsKey == null)) {
      throw new InputException("--tls-cert and --tls-key must be given together");
    }
    InetSocketAddress address = new InetSocketAddress(host, port);
    if (address.isUnresolved()) {
      throw new InputException("--host must be an address of this machine, was " + host);
    }
    ServeSettings settings = ServeSettings.on(address);
    if (apiKeyFile != null) {
      settings = settings.withKeys(ApiKeys.read(apiKeyFile));
    } else if (!address.getAddress().isLoopbackAddress()) {
      spec.commandLine()
          .getErr()
          .println("treepo: everybody who reaches " + host + " may use this server: no API keys");
    }
    return tlsKey == null ? settings : settings.withTls(new TlsFiles(tlsCertificates, tlsKey));
  }

  private static void requirePositive(String option, long value) {
    if (value <= 0) {
      throw new InputException(option + " must be positive, was " + value);
    }
  }

  private void requireCache(long mib) {
    requirePositive("--cache-mib", mib);
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    if (mib > heap && Engines.choose(modelMixin.engine()).computesOnHeap()) {
      throw new InputException(
          "--cache-mib must be at most the JVM's memory, %d MiB, was %d".formatted(heap, mib));
    }
  }

  private ModelCatalog models() throws IOException {
    List<ServedModel.Source> sources = new ArrayList<>();
    ServedModel.Source base = ServedModel.Source.of(modelMixin.folder());
    sources.add(base);
    adapters.forEach(adapter -> sources.add(base.with(adapter)));
    try {
      SamplingLimits limits =
          new SamplingLimits(
              maxPaths, maxWaiting, SamplingLimits.defaults().keptPrompts(), cache(sources.size()));
      return new ModelCatalog(ServedModel.loader(modelMixin.engine(), limits), sources);
    } catch (IllegalArgumentException e) {
      throw new InputException(e.getMessage());
    }
  }

  /** What each of several models may take. */
  private DecoderOptions cache(int models) {
    return cacheMib == null
        ? DecoderOptions.share(DecoderOptions.defaults().share() / models)
        : new DecoderOptions(Math.max(1, (cacheMib << 20) / models));
  }

  /** One JSON line, when requests can come. */
  private void announce(Server server, ModelCatalog models) {
    ObjectNode line = JsonMapper.builder().build().createObjectNode();
    String scheme = tlsKey == null ? "http" : "https";
    String authority = host.contains(":") ? "[" + host + "]" : host; // IPv6
    line.put("url", scheme + "://" + authority + ":" + server.port() + "/v1");
    models.all().forEach(model -> line.withArray("models").add(model.source().id()));
    PrintWriter out = spec.commandLine().getOut();
    out.println(line);
    out.flush();
  }
}
