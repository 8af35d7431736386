package org.treepo4j.cli;

/** What every command has: its output options. */
interface BaseCommand {
  OutputOptions output();
}
