package dev.visionllm.cli;

import dev.visionllm.checkpoint.Checkpoint;
import dev.visionllm.checkpoint.SafeTensors;
import dev.visionllm.vlm.Layout;
import dev.visionllm.vlm.VisionLlmConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code visionllm model info}: reads config.json and the headers of the weights only. */
@Command(
    name = "info",
    description = "List a model's parts: parameters, number formats, sizes on disk and in memory.",
    footer = {
      "",
      "Sizes in memory are those of the weights alone, in fp32 and in bf16 or fp16; names that",
      "share a tensor count once. Weights that stay in their format on disk are mapped, not"
          + " copied.",
      "",
      "Examples:",
      "  visionllm model info                     the shipped model",
      "  visionllm model info path/to/model",
      "  visionllm model info path/to/model --json"
    })
final class ModelInfoCommand extends CliCommand {
  /**
   * What a model folder holds. Sizes in bytes.
   *
   * @param adapter what is merged into the weights as they are loaded, or null
   * @param problems why the model would not load, as far as headers tell
   */
  record Info(
      String folder,
      long tensors,
      long parameters,
      long bytes,
      List<Part> parts,
      List<File> files,
      String adapter,
      List<String> problems) {
    long fp32() {
      return parts.stream().mapToLong(Part::fp32).sum();
    }

    long half() {
      return parts.stream().mapToLong(Part::half).sum();
    }
  }

  /**
   * Tensors under one first name of their keys, such as llm.
   *
   * @param parameters numbers, once for each tensor
   * @param bytes on disk, once for each name
   * @param fp32 bytes in memory in single precision
   * @param half bytes in memory in bf16 or fp16
   * @param formats dtype -> numbers on disk
   */
  record Part(
      String name,
      long tensors,
      long parameters,
      long bytes,
      long fp32,
      long half,
      Map<String, Long> formats) {}

  /** A file of weights. */
  record File(String name, long bytes) {}

  private static final int MOST_PROBLEMS = 3;

  @Parameters(
      arity = "0..1",
      paramLabel = "DIR",
      description = "Model folder (default: the shipped model).")
  private Path folder;

  @Override
  public Integer call() throws IOException {
    Path dir = ModelOption.check(folder == null ? ModelOption.shipped() : folder);
    Info info = read(dir, Checkpoint.open(dir), true);
    if (json()) {
      printJson(info);
      return Main.OK;
    }
    print("%s", info.folder);
    String row = "%-22s %8s %14s %10s %10s %10s  %s";
    print(row, "part", "tensors", "parameters", "on disk", "fp32", "bf16/fp16", "formats");
    for (Part p : info.parts) {
      print(
          row,
          p.name,
          p.tensors,
          String.format(Locale.ROOT, "%,d", p.parameters),
          size(p.bytes),
          size(p.fp32),
          size(p.half),
          String.join(" ", p.formats.keySet()));
    }
    print(
        row,
        "total",
        info.tensors,
        String.format(Locale.ROOT, "%,d", info.parameters),
        size(info.bytes),
        size(info.fp32()),
        size(info.half()),
        "");
    for (File f : info.files) {
      print("file %s: %s", f.name, size(f.bytes));
    }
    if (info.adapter != null) {
      print("%s, merged when the model is loaded", info.adapter);
    }
    info.problems.forEach(p -> print("this model will not load: %s", p));
    return Main.OK;
  }

  /** Reads the headers of a folder's weights, without the libraries that run a model. */
  static Info read(Path folder) throws IOException {
    return read(folder, Checkpoint.open(folder), false);
  }

  private static Info read(Path folder, Checkpoint checkpoint, boolean withLayout)
      throws IOException {
    List<String> problems = new ArrayList<>();
    Set<String> again = new HashSet<>();
    if (withLayout) {
      try {
        Layout layout = Layout.of(VisionLlmConfig.read(folder));
        problems.addAll(problems(checkpoint, layout));
        again.addAll(again(checkpoint, layout));
      } catch (IllegalArgumentException e) {
        problems.add(Failure.oneLine(e.getMessage()));
      }
    }
    Map<String, List<SafeTensors.Entry>> parts = new TreeMap<>();
    for (SafeTensors.Entry e : checkpoint.entries().values()) {
      parts.computeIfAbsent(Layout.part(e.name()), p -> new ArrayList<>()).add(e);
    }
    List<Part> rows =
        parts.entrySet().stream().map(p -> part(p.getKey(), p.getValue(), again)).toList();
    List<File> files = new ArrayList<>();
    for (Path file : checkpoint.files().stream().sorted().toList()) {
      files.add(new File(file.getFileName().toString(), Files.size(file)));
    }
    return new Info(
        folder.toString(),
        rows.stream().mapToLong(Part::tensors).sum(),
        rows.stream().mapToLong(Part::parameters).sum(),
        rows.stream().mapToLong(Part::bytes).sum(),
        rows,
        files,
        checkpoint.adapter().orElse(null),
        problems);
  }

  private static List<String> problems(Checkpoint checkpoint, Layout layout) {
    List<String> out = new ArrayList<>();
    List<Layout.Parameter> asked = new ArrayList<>(layout.missing(checkpoint::has));
    layout.parameters().values().stream().filter(p -> checkpoint.has(p.name())).forEach(asked::add);
    for (Layout.Parameter p : asked) {
      try {
        checkpoint.check(p.name(), p.shape());
      } catch (IllegalArgumentException e) {
        out.add(e.getMessage());
      }
    }
    try {
      checkpoint.refuseUnexpected(layout.parameters().keySet(), List.of());
    } catch (IllegalArgumentException e) {
      out.add(e.getMessage());
    }
    return out.size() <= MOST_PROBLEMS
        ? out
        : List.of(out.get(0) + " (and " + (out.size() - 1) + " more like it)");
  }

  /** Names of tensors that the checkpoint holds under an earlier name too. */
  private static Set<String> again(Checkpoint checkpoint, Layout layout) {
    Set<String> sources = new HashSet<>();
    return layout.parameters().values().stream()
        .filter(p -> checkpoint.has(p.name()) && !sources.add(p.source()))
        .map(Layout.Parameter::name)
        .collect(Collectors.toSet());
  }

  private static Part part(String name, List<SafeTensors.Entry> entries, Set<String> again) {
    Map<String, Long> formats =
        entries.stream()
            .collect(
                Collectors.groupingBy(
                    SafeTensors.Entry::dtype,
                    TreeMap::new,
                    Collectors.summingLong(ModelInfoCommand::elements)));
    List<SafeTensors.Entry> once = entries.stream().filter(e -> !again.contains(e.name())).toList();
    return new Part(
        name,
        entries.size(),
        once.stream().mapToLong(ModelInfoCommand::elements).sum(),
        entries.stream().mapToLong(e -> elements(e) * e.width()).sum(),
        once.stream().mapToLong(e -> elements(e) * (e.floating() ? 4 : e.width())).sum(),
        once.stream().mapToLong(e -> elements(e) * (e.floating() ? 2 : e.width())).sum(),
        formats);
  }

  private static long elements(SafeTensors.Entry e) {
    return Arrays.stream(e.shape()).reduce(1, Math::multiplyExact);
  }

  /** In the unit that suits it. */
  static String size(long bytes) {
    if (bytes < 10_000_000) {
      return String.format(Locale.ROOT, "%.1f kB", bytes / 1e3);
    }
    return bytes < 10_000_000_000L
        ? String.format(Locale.ROOT, "%.1f MB", bytes / 1e6)
        : String.format(Locale.ROOT, "%.2f GB", bytes / 1e9);
  }
}
