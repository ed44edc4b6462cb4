package dev.visionllm.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs the clients of package managers, which know their registries, mirrors and signatures. */
final class PackageClient {
  private static final int MINUTES = 20;
  private static final int SHOWN = 300; // characters of what a client that failed said

  private PackageClient() {}

  /**
   * Runs a client until it is done.
   *
   * @param command the client, by name or path, and its arguments
   * @param name of the client in messages
   * @param folder that it works in
   * @param missing what to do where the client cannot be run
   * @throws IOException if it cannot be run, takes too long or fails
   */
  static void run(String name, List<String> command, Path folder, String missing)
      throws IOException, InterruptedException {
    List<String> located = new ArrayList<>(command);
    Path program = Path.of(command.get(0));
    // a path is relative to where the user is, not to where the client works
    if (program.getNameCount() > 1) located.set(0, program.toAbsolutePath().toString());
    Path log = folder.resolve(name + ".log");
    Process process;
    try {
      process =
          new ProcessBuilder(located)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      throw new IOException(name + " cannot be run (" + command.get(0) + "): " + missing, e);
    }
    if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
      process.destroy();
      throw new IOException(
          name
              + " did not finish within "
              + MINUTES
              + " minutes: check the network and run this command again");
    }
    if (process.exitValue() != 0) {
      String said = Files.readString(log, StandardCharsets.UTF_8).strip().replaceAll("\\s+", " ");
      throw new IOException(
          name
              + " failed with exit code "
              + process.exitValue()
              + ": "
              + said.substring(0, Math.min(SHOWN, said.length())));
    }
  }

  /** An empty folder in place of what is there. */
  static Path fresh(Path folder) throws IOException {
    delete(folder);
    return Files.createDirectories(folder);
  }

  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path f : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(f);
    }
  }
}
