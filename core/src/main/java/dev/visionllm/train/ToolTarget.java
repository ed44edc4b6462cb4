package dev.visionllm.train;

/** What a decoder should make of the calls of a row's answer. Plain Java, made while loading. */
sealed interface ToolTarget permits Objects, Figures, Painting {}
