package dev.visionllm.tensor;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.global.torch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Loads libtorch once per process. Everything that touches a tensor goes through here first. */
public final class Native {
  private static final Logger log = LoggerFactory.getLogger(Native.class);

  /** Packages of the presets, in the order in which they need each other. */
  private static final List<String> PRESETS = List.of("javacpp", "openblas", "pytorch");

  private static boolean loaded;
  private static volatile boolean alone;

  private Native() {}

  /**
   * Loads the native libraries; cheap when they are loaded already. On a machine's first start they
   * are unpacked to the cache folder, all of them before any is loaded: libtorch.so names
   * libtorch_cpu.so, and the linker would otherwise take another libtorch of the system.
   *
   * @throws UncheckedIOException if they cannot be unpacked
   */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    // read by javacpp when its first Pointer class initialises
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxBytes", "0");
    System.getProperties().putIfAbsent("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    Path pytorch = unpack();
    Loader.load(openblas.class);
    // by full path, since LD_LIBRARY_PATH may hold another libtorch; a name that is loaded already
    // is not looked up again
    for (String name : List.of("c10", "torch_cpu")) {
      Path library = pytorch.resolve(System.mapLibraryName(name));
      if (Files.exists(library)) {
        loadFile(library, name);
      }
    }
    Loader.load(torch.class);
    settle();
    loaded = true;
  }

  /**
   * Mends what libtorch gets wrong on processors that its cpuinfo does not know: it takes one
   * thread unless OMP_NUM_THREADS says otherwise, and warns at every convolution that NNPACK, which
   * oneDNN makes needless, does not run.
   */
  private static void settle() {
    try (PointerScope scope = TensorScope.open()) {
      torch.globalContext().setUserEnabledNNPACK(false);
      int processors = Runtime.getRuntime().availableProcessors();
      if (System.getenv("OMP_NUM_THREADS") == null && torch.get_num_threads() == 1) {
        torch.set_num_threads(processors);
      }
    }
  }

  /**
   * Tells that this process computes in one thread at a time, as a command does. Single rows are
   * then multiplied without oneDNN, which is twice as fast but a switch of the whole process: what
   * another thread began meanwhile would be right and up to a hundred times slower.
   */
  public static void alone() {
    alone = true;
  }

  /** Whether {@link #alone} was told. */
  public static boolean isAlone() {
    return alone;
  }

  /**
   * Whether the processor multiplies bf16 in tiles (Intel AMX): libtorch's fused attention uses
   * them there and is twice as fast as plain products; elsewhere it is far slower.
   */
  public static boolean hasTiles() {
    return Tiles.FOUND;
  }

  private static final class Tiles {
    static final boolean FOUND = processor("flags").contains(" amx_bf16");
  }

  /** What Linux says of the first processor under a name of /proc/cpuinfo; "" elsewhere. */
  public static String processor(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .filter(line -> line.startsWith(name))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1))
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** Runs operations with libtorch's own kernels; only where {@link #isAlone}. */
  public static <T> T withoutOneDnn(Supplier<T> operations) {
    torch.globalContext().setUserEnabledMkldnn(false);
    try {
      return operations.get();
    } finally {
      torch.globalContext().setUserEnabledMkldnn(true);
    }
  }

  /**
   * The engine as it runs here.
   *
   * @param version of the binding; its first three numbers are libtorch's
   * @param threads that one operation uses at most
   * @param kernels vector extension that libtorch chose its kernels for
   */
  public record Engine(String version, int threads, String kernels) {}

  /** Loads libtorch and says which it is. */
  public static Engine engine() {
    load();
    try (PointerScope scope = TensorScope.open()) {
      return new Engine(version(), torch.get_num_threads(), torch.get_cpu_capability().getString());
    }
  }

  private static String version() {
    try {
      return Loader.getVersion("org.bytedeco", "pytorch");
    } catch (IOException e) {
      return "of unknown version";
    }
  }

  /** The folder that native libraries are unpacked to. */
  public static Path cache() {
    try {
      return Loader.getCacheDir().toPath();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "no folder can be written to unpack libtorch: set -Dorg.bytedeco.javacpp.cachedir=DIR",
          e);
    }
  }

  /** Unpacks what is missing, one process at a time. Returns the folder of libtorch. */
  private static Path unpack() {
    Path cache = cache();
    try (FileChannel channel =
            FileChannel.open(
                cache.resolve("visionllm.lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock lock = channel.lock()) {
      Path pytorch = null;
      for (String preset : PRESETS) {
        String folder = "/org/bytedeco/" + preset + "/" + Loader.getPlatform();
        URL packed = Native.class.getResource(folder + "/" + probe(preset));
        if (packed == null) {
          throw new IllegalStateException(
              "the build holds no native "
                  + preset
                  + " for this machine ("
                  + Loader.getPlatform()
                  + "): build on the machine that runs it");
        }
        if (preset.equals("pytorch") && !isUnpacked(cache, packed)) {
          log.info("First start: unpacking libtorch (about 0.5 GB) to {}", cache);
        }
        for (File file : Loader.cacheResources(folder + "/")) {
          pytorch = file.toPath();
        }
      }
      if (pytorch == null) {
        throw new IOException("nothing was unpacked");
      }
      return pytorch;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot unpack libtorch to "
              + cache
              + " ("
              + e.getMessage()
              + "): free some disk space or set -Dorg.bytedeco.javacpp.cachedir=DIR",
          e);
    }
  }

  /** A library that every platform's jar of the preset holds. */
  private static String probe(String preset) {
    return System.mapLibraryName(
        switch (preset) {
          case "javacpp" -> "jnijavacpp";
          case "openblas" -> "jniopenblas";
          default -> "torch_cpu";
        });
  }

  /** Whether javacpp's cache, cache/NAME.jar/path/in/jar, has the file. */
  private static boolean isUnpacked(Path cache, URL packed) {
    String[] parts = packed.getPath().split("!/", 2);
    if (parts.length < 2) {
      return true;
    }
    String jar = parts[0].substring(parts[0].lastIndexOf('/') + 1);
    return Files.exists(cache.resolve(jar).resolve(parts[1]));
  }

  private static void loadFile(Path library, String name) {
    try {
      Loader.loadLibrary(torch.class, new URL[] {library.toUri().toURL()}, name);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot load " + library + ": " + e.getMessage(), e);
    }
  }
}
