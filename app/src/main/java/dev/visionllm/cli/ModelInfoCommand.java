package dev.visionllm.cli;

import dev.visionllm.checkpoint.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code visionllm model info}: reads the headers of the weights only. */
@Command(
    name = "info",
    description = "List a model's parts: tensors, parameters, number formats, bytes.",
    footer = {
      "",
      "Examples:",
      "  visionllm model info                     the shipped model",
      "  visionllm model info path/to/model",
      "  visionllm model info path/to/model --json"
    })
final class ModelInfoCommand extends CliCommand {
  /** What a model folder holds. Sizes in bytes. */
  record Info(
      String folder,
      long tensors,
      long parameters,
      long bytes,
      List<Part> parts,
      List<File> files) {}

  /** Tensors under one first name of their keys, such as llm. Formats: dtype -> parameters. */
  record Part(String name, long tensors, long parameters, long bytes, Map<String, Long> formats) {}

  /** A file of weights. */
  record File(String name, long bytes) {}

  @Parameters(
      arity = "0..1",
      paramLabel = "DIR",
      description = "Model folder (default: the shipped model).")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    Info info = read(ModelOption.check(folder == null ? ModelOption.shipped() : folder));
    if (json()) {
      printJson(info);
      return Main.OK;
    }
    print("%s", info.folder);
    print("%-28s %8s %14s %12s  %s", "part", "tensors", "parameters", "size", "formats");
    for (Part p : info.parts) {
      print(
          "%-28s %8d %,14d %12s  %s",
          p.name, p.tensors, p.parameters, size(p.bytes), String.join(" ", p.formats.keySet()));
    }
    print("%-28s %8d %,14d %12s", "total", info.tensors, info.parameters, size(info.bytes));
    for (File f : info.files) {
      print("file %s: %s", f.name, size(f.bytes));
    }
    return Main.OK;
  }

  /** Reads the headers of all weight files of a folder. */
  static Info read(Path folder) throws IOException {
    List<Path> weights;
    try (Stream<Path> all = Files.list(folder)) {
      weights = all.filter(f -> f.toString().endsWith(".safetensors")).sorted().toList();
    }
    if (weights.isEmpty()) {
      throw new IllegalArgumentException(
          folder + " holds no *.safetensors: give the folder of a whole model");
    }
    List<File> files = new ArrayList<>();
    Map<String, Path> homes = new HashMap<>();
    Map<String, List<SafeTensors.Entry>> parts = new TreeMap<>();
    for (Path file : weights) {
      files.add(new File(file.getFileName().toString(), Files.size(file)));
      for (SafeTensors.Entry e : SafeTensors.open(file).entries().values()) {
        Path other = homes.putIfAbsent(e.name(), file);
        if (other != null) {
          throw new IllegalArgumentException(
              "tensor " + e.name() + " is in " + other + " and in " + file + ": remove one");
        }
        String part = e.name().split("\\.", 2)[0];
        parts.computeIfAbsent(part, p -> new ArrayList<>()).add(e);
      }
    }
    List<Part> rows = parts.entrySet().stream().map(p -> part(p.getKey(), p.getValue())).toList();
    return new Info(
        folder.toString(),
        rows.stream().mapToLong(Part::tensors).sum(),
        rows.stream().mapToLong(Part::parameters).sum(),
        rows.stream().mapToLong(Part::bytes).sum(),
        rows,
        files);
  }

  private static Part part(String name, List<SafeTensors.Entry> entries) {
    Map<String, Long> formats =
        entries.stream()
            .collect(
                Collectors.groupingBy(
                    SafeTensors.Entry::dtype,
                    TreeMap::new,
                    Collectors.summingLong(ModelInfoCommand::elements)));
    return new Part(
        name,
        entries.size(),
        entries.stream().mapToLong(ModelInfoCommand::elements).sum(),
        entries.stream().mapToLong(e -> e.to() - e.from()).sum(),
        formats);
  }

  private static long elements(SafeTensors.Entry e) {
    long n = 1;
    for (long d : e.shape()) {
      n = Math.multiplyExact(n, d);
    }
    return n;
  }

  private static String size(long bytes) {
    return bytes < 10_000_000
        ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
        : String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }
}
