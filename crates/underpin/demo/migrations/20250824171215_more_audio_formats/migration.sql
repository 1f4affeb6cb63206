-- AlterEnum
ALTER TYPE "AudioFormat" ADD VALUE 'OPUS';
ALTER TYPE "AudioFormat" ADD VALUE 'ALAC';
ALTER TYPE "AudioFormat" ADD VALUE 'WAV';
