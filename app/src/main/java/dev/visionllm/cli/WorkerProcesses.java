package dev.visionllm.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of a run that several processes share, and the processes themselves. */
final class WorkerProcesses {
  private static final long POLL_MILLIS = 100;

  @Option(
      names = "--nproc",
      paramLabel = "N",
      defaultValue = "1",
      description = "Worker processes on this machine; they share each step's accumulated passes.")
  private int nproc;

  @Option(
      names = "--nodes",
      paramLabel = "M",
      defaultValue = "1",
      description = "Machines that run this command, each with --nproc workers.")
  private int nodes;

  @Option(
      names = "--rank",
      paramLabel = "R",
      defaultValue = "0",
      description = "Which of the machines this is, from 0.")
  private int rank;

  @Option(
      names = "--master",
      paramLabel = "HOST:PORT",
      description = "A free port of machine 0, where several machines meet.")
  private String master;

  // given to the processes that this one starts
  @Option(names = "--worker", hidden = true)
  private String worker;

  /** Whether this process only starts the others. */
  boolean starts() {
    return worker == null && (nproc != 1 || nodes != 1);
  }

  /** What a started process is: its number, how many there are, where they meet. */
  record Place(int rank, int size, String master) {
    private static Place of(String text) {
      String[] parts = text.split(",", 3);
      return new Place(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), parts[2]);
    }

    private String text() {
      return rank + "," + size + "," + master;
    }
  }

  /** This process's place, or null if it is alone. */
  Place place() {
    return worker == null ? null : Place.of(worker);
  }

  /**
   * Starts this machine's workers with this process's own arguments and waits for them.
   *
   * @return the first worker's exit code, or {@link Main#FAILED} if another one failed
   */
  int run(List<String> arguments) throws IOException {
    if (nproc < 1 || nodes < 1 || rank < 0 || rank >= nodes) {
      throw new IllegalArgumentException(
          "--nproc is %d, --nodes %d and --rank %d: should be positive, and a rank below nodes"
              .formatted(nproc, nodes, rank));
    }
    if (nodes > 1 && master == null) {
      throw new IllegalArgumentException("--master HOST:PORT is needed with --nodes " + nodes);
    }
    Path meeting = nodes > 1 ? null : Files.createTempDirectory("visionllm-workers");
    List<Process> children = new ArrayList<>();
    try {
      for (int i = 0; i < nproc; i++) {
        String at = nodes > 1 ? master : "file:" + meeting.resolve("store");
        children.add(start(arguments, new Place(rank * nproc + i, nodes * nproc, at)));
      }
      return await(children);
    } finally {
      children.forEach(Process::destroyForcibly);
      if (meeting != null) {
        Files.deleteIfExists(meeting.resolve("store"));
        Files.deleteIfExists(meeting);
      }
    }
  }

  private Process start(List<String> arguments, Place place) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(arguments);
    command.addAll(List.of("--worker", place.text()));
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    int threads = Math.max(1, Runtime.getRuntime().availableProcessors() / nproc);
    Map<String, String> environment = builder.environment();
    environment.putIfAbsent("OMP_NUM_THREADS", Integer.toString(threads));
    environment.putIfAbsent("OPENBLAS_NUM_THREADS", Integer.toString(threads));
    return builder.start();
  }

  /** An interrupt of this process alone reaches the workers too. */
  private static int await(List<Process> children) {
    Interrupt.awaitCommand();
    boolean told = false;
    while (children.stream().anyMatch(Process::isAlive)) {
      if (Interrupt.asked() && !told) {
        children.forEach(Process::destroy);
        told = true;
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Main.FAILED;
      }
    }
    int first = children.get(0).exitValue();
    boolean others = children.stream().allMatch(c -> c.exitValue() == first);
    return others || first != Main.OK ? first : Main.FAILED;
  }
}
