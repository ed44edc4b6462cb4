package dev.visionllm.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of a run that several processes share, and the processes themselves. */
final class WorkerProcesses {
  private static final long POLL_MILLIS = 100;
  private static final long GRACE_NANOS = Duration.ofSeconds(5).toNanos();

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
      description =
          "A free port of machine 0, where several machines meet; HOST is its address in their"
              + " network.")
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
   * @param err where it is said that workers had to be ended
   * @return the first worker's exit code, or that of one that failed
   */
  int run(List<String> arguments, PrintWriter err) throws IOException {
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
      return await(children, err);
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

  /**
   * Waits until all have ended. An interrupt of this process alone reaches them too; where one
   * fails, the others notice when they next exchange something, and those that do not are ended.
   */
  private static int await(List<Process> children, PrintWriter err) {
    Interrupt.awaitCommand();
    boolean told = false;
    Process failed = null;
    long since = 0;
    while (children.stream().anyMatch(Process::isAlive)) {
      if (Interrupt.asked() && !told) {
        children.forEach(Process::destroy);
        told = true;
      }
      if (failed == null) {
        failed = failed(children);
        since = System.nanoTime();
      } else if (System.nanoTime() - since > GRACE_NANOS) {
        err.println(
            "visionllm: a worker has ended, so the others are ended too: mend what it says above,"
                + " then go on from the last checkpoint with --resume, if there is one");
        children.forEach(Process::destroyForcibly);
        return Main.FAILED;
      }
      try {
        Thread.sleep(POLL_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Main.FAILED;
      }
    }
    failed = failed == null ? failed(children) : failed;
    if (failed == null) {
      return children.get(0).exitValue();
    }
    return failed.exitValue() == Main.BAD_INPUT ? Main.BAD_INPUT : Main.FAILED;
  }

  private static Process failed(List<Process> children) {
    return children.stream()
        .filter(c -> !c.isAlive() && c.exitValue() != Main.OK && c.exitValue() != Interrupt.CODE)
        .findFirst()
        .orElse(null);
  }
}
