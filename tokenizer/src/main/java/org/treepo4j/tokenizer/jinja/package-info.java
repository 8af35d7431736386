/**
 * The Jinja2 that Hugging Face chat templates are written in, to the letter: {@code trim_blocks}
 * and {@code lstrip_blocks}, loop controls, {@code generation} blocks, Python's values, methods and
 * texts, and an immutable sandbox. No reflection, no files, no imports; loops, text, recursion and
 * time are bounded. {@link org.treepo4j.tokenizer.jinja.JinjaTemplate} is the one type to know.
 */
package org.treepo4j.tokenizer.jinja;
