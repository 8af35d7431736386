/**
 * From YAML and {@code --set a.b=c} to the settings records of the rooms, strictly: {@link
 * org.treepo4j.cli.settings.SettingsReader} is the way in.
 */
package org.treepo4j.cli.settings;
