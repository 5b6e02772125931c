// A file adapter of Parse Server that keeps files in memory: a store that is not GridFS.
'use strict';

const files = new Map();

class Elsewhere {
  async createFile(name, data) {
    files.set(name, data);
  }
  async deleteFile(name) {
    files.delete(name);
  }
  async getFileData(name) {
    if (!files.has(name)) {
      throw new Error('FileNotFound');
    }
    return files.get(name);
  }
  getFileLocation(config, name) {
    return `${config.mount}/files/${config.applicationId}/${encodeURIComponent(name)}`;
  }
}

module.exports = Elsewhere;
