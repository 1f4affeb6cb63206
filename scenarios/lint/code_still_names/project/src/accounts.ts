export const nicks = (prisma) =>
  prisma.account.findMany({ select: { nickName: true } });
